import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { connectOperator } from '../../support/operator.js'
import { type Booted, bootKeys, newState } from './boot.js'

const booted = async (t: { after(undo: () => Promise<void>): void }, state?: string): Promise<Booted> => {
  const gateway = await bootKeys(state)
  t.after(() => gateway.close())
  return gateway
}

describe('the methods of keys', () => {
  test('create, list, update and revoke say all of a key but its secret', async (t) => {
    const { admin, create } = await booted(t)
    const rights = {
      name: 'Café 4',
      scopes: ['operator.read'],
      models: ['*', 'openai/gpt-*'],
      agents: ['main', 'Other'],
      tools: ['web_fetch'],
      expiresAtMs: Date.now() + 1_000_000,
      requestsPerMinute: 60,
      spendLimit: { usd: 4.5, per: 'day' },
    }
    const { key, secret } = await create(rights)
    const { id, createdAtMs, state, ...others } = key
    assert.deepEqual(others, rights)
    assert.deepEqual([state, secret.slice(3, 15), Math.abs(Date.now() - createdAtMs) < 60_000], ['active', id, true])
    assert.deepEqual(await admin.call('keys.list', {}), { keys: [key] })
    const changed = await admin.call('keys.update', { id, name: 'Bar', agents: null, spendLimit: { usd: 1 }, expiresAtMs: null })
    const { agents: _agents, expiresAtMs: _expiresAtMs, ...left } = key
    assert.deepEqual(changed, { key: { ...left, name: 'Bar', spendLimit: { usd: 1 } } })
    const { key: revoked } = await admin.call('keys.revoke', { id })
    assert.equal(revoked.state, 'revoked')
    assert.deepEqual(await admin.call('keys.revoke', { id }), { key: revoked }, 'twice is once')
    assert.deepEqual(await admin.call('keys.list', {}), { keys: [revoked] })
  })

  test('T-SCOPE-05 a revoked key does not come back', async (t) => {
    const { admin, create, as } = await booted(t)
    const { key, secret } = await create()
    await admin.call('keys.revoke', { id: key.id })
    await assert.rejects(admin.call('keys.update', { id: key.id, expiresAtMs: null }), /INVALID_REQUEST: key is revoked/)
    assert.equal((await as(secret, '/v1/things')).status, 401)
  })

  test('wrong rights are refused by name', async (t) => {
    const { admin, create } = await booted(t)
    const wrong: [Record<string, unknown>, RegExp][] = [
      [{ name: '' }, /name/],
      [{ name: 'a\u0007b' }, /name/],
      [{ scopes: ['operator.root'] }, /scopes/],
      [{ scopes: [] }, /scopes/],
      [{ models: [] }, /models/],
      [{ models: ['open*ai'] }, /models/],
      [{ models: ['two words'] }, /models/],
      [{ agents: ['../etc'] }, /agents/],
      [{ tools: ['*'] }, /tools/],
      [{ requestsPerMinute: 0 }, /requestsPerMinute/],
      [{ spendLimit: { usd: 0 } }, /spendLimit/],
      [{ spendLimit: { usd: 1, per: 'week' } }, /spendLimit/],
      [{ expiresAtMs: 1_000 }, /expiresAtMs is in the past/],
      [{ admin: true }, /unexpected property 'admin'/],
    ]
    for (const [rights, message] of wrong) await assert.rejects(create(rights), message, JSON.stringify(rights))
    await assert.rejects(admin.call('keys.revoke', { id: 'nosuch' }), /INVALID_REQUEST: unknown key: nosuch/)
    await assert.rejects(admin.call('keys.update', { id: 'nosuch', name: 'x' }), /INVALID_REQUEST: unknown key: nosuch/)
    assert.deepEqual(await admin.call('keys.list', {}), { keys: [] })
  })

  test('T-SCOPE-03 who is no administrator may look, and neither make nor change a key', async (t) => {
    const { gateway, url, admin, create } = await booted(t)
    const { key } = await create({ scopes: ['operator.read'] })
    const scopes = ['operator.read', 'operator.write', 'operator.approvals', 'operator.pairing']
    const writer = await connectOperator(url, { token: gateway.token, scopes })
    t.after(() => writer.close())
    assert.equal((await writer.call('keys.list', {})).keys.length, 1)
    for (const [method, params] of [
      ['keys.create', { name: 'mine', scopes: ['operator.read'] }],
      ['keys.update', { id: key.id, scopes: ['operator.admin'] }],
      ['keys.revoke', { id: key.id }],
    ] as const)
      await assert.rejects(writer.call(method, params), /missing scope: operator.admin/)
    assert.deepEqual(await admin.call('keys.list', {}), { keys: [key] })
  })
})

describe('keys on disk', () => {
  test('T-AUTH-04 no key is at rest or in the log, and what is at rest opens nothing', async (t) => {
    const state = await newState()
    const gateway = await booted(t, state)
    const { key, secret } = await gateway.create({ name: 'kept' })
    assert.equal((await gateway.as(secret, '/v1/things')).status, 200)
    await gateway.as(secret, '/v1/things', { method: 'POST', body: '{' })
    await gateway.admin.call('keys.revoke', { id: key.id })
    await gateway.as(secret, '/v1/things')
    const files = await readdir(state, { recursive: true, withFileTypes: true })
    const texts = await Promise.all(
      files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'latin1')),
    )
    assert.ok(
      texts.some((text) => text.includes(key.id)),
      'the key is on disk somewhere',
    )
    const random = secret.slice(16)
    for (const text of [...texts, JSON.stringify(gateway.gateway.log)]) assert.ok(!text.includes(random))
    assert.ok(JSON.stringify(gateway.gateway.log).includes('authentication failed'))
  })

  test('keys, rights and last uses outlive the gateway', async () => {
    const state = await newState()
    const first = await bootKeys(state)
    const { secret, key } = await first.create({ models: ['a/*'], spendLimit: { usd: 2, per: 'month' }, requestsPerMinute: 5 })
    const gone = await first.create()
    await first.admin.call('keys.revoke', { id: gone.key.id })
    await first.as(secret, '/v1/things')
    const before = await first.admin.call('keys.list', {})
    await first.close()
    const second = await bootKeys(state)
    try {
      assert.deepEqual(await second.admin.call('keys.list', {}), before)
      assert.ok(before.keys.find(({ id }: { id: string }) => id === key.id).lastUsedAtMs > 0)
      assert.equal((await second.as(secret, '/v1/things')).status, 200)
      assert.equal((await second.as(gone.secret, '/v1/things')).status, 401)
    } finally {
      await second.close()
    }
  })

  test('whoever makes no key has no database', async (t) => {
    const state = await newState()
    const { admin } = await booted(t, state)
    assert.deepEqual(await admin.call('keys.list', {}), { keys: [] })
    assert.deepEqual(
      (await readdir(state)).filter((name) => name.startsWith('keys')),
      [],
    )
  })
})
