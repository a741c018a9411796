import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { keysOf, names, type Running, startRunning } from './running.js'

describe('keys and usage', () => {
  let running: Running
  before(async () => {
    running = await startRunning()
  })
  after(() => running.stop())

  const chat = (secret: string) =>
    fetch(`http://127.0.0.1:${running.port}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}` },
      body: JSON.stringify({ model: 'local/echo', messages: [{ role: 'user', content: 'hi' }] }),
    })
  const refused = async (...args: string[]) => {
    const { code, stderr } = await running.call('keys', 'create', ...args)
    assert.notEqual(code, 0)
    return stderr
  }

  test('keys: made, listed, used and revoked', async () => {
    assert.match((await running.call('keys', 'list')).stdout, /^No API keys\. Make one with: openclaw keys create --name <name>\n$/)
    const made = await running.call('keys', 'create', '--name', 'Notes app', '--rate', '60', '--expires', '30d')
    const [, id = '', secret = ''] = /^Created key (\w+) "Notes app"\..*\n\n {2}(oc-\S+)\n\n/.exec(made.stdout) ?? []
    assert.ok(secret.startsWith(`oc-${id}-`), made.stdout)
    assert.ok(made.stdout.includes(`base URL http://127.0.0.1:${running.port}/v1\n`), made.stdout)
    assert.ok(made.stdout.endsWith(`End it with: openclaw keys revoke ${id}\n`), made.stdout)
    assert.equal((await chat(secret)).status, 200)
    const table = await running.call('keys', 'list')
    assert.match(table.stdout, new RegExp(`│ ${id} │ Notes app │ active │ read, write │ 60 +│ \\d{4}-\\d\\d-\\d\\d │ just now`))
    assert.ok(!table.stdout.includes(secret.slice(16)))
    assert.equal((await running.call('keys', 'revoke', id)).stdout, `Revoked key ${id} "Notes app"\n`)
    assert.equal((await chat(secret)).status, 401)
    assert.match((await running.call('keys', 'revoke', 'nosuch')).stderr, /^GatewayClientRequestError: unknown key: nosuch\n$/)
  })

  test('keys: every flag is a right of the key', async () => {
    const lists = ['--model', 'local/*', '--model', 'other/m', '--agent', 'main', '--tool', 'web_fetch', '--scope', 'operator.read']
    const { key, secret } = await running.json(
      'keys',
      'create',
      '--name',
      'x',
      ...lists,
      '--limit-usd',
      '0.5',
      '--per',
      'day',
      '--expires',
      '2h',
    )
    assert.deepEqual(keysOf(key), names('id name scopes models agents tools expiresAtMs spendLimit createdAtMs state'))
    assert.deepEqual(
      [key.models, key.agents, key.tools, key.scopes, key.spendLimit],
      [['local/*', 'other/m'], ['main'], ['web_fetch'], ['operator.read'], { usd: 0.5, per: 'day' }],
    )
    assert.ok(Math.abs(key.expiresAtMs - Date.now() - 7_200_000) < 60_000)
    assert.equal((await chat(secret)).status, 403)
    const { keys } = await running.json('keys', 'list')
    assert.equal(keys.find(({ id }: { id: string }) => id === key.id).spentUsd, 0)
    assert.match((await running.call('keys', 'list')).stdout, /│ \$0\.00 of /)
    assert.deepEqual(keysOf((await running.json('keys', 'revoke', key.id)).key), [...keysOf(key), 'revokedAtMs'].sort())
  })

  test('keys: flags that cannot be meant are named', async () => {
    assert.equal(await refused(), "error: required option '--name <name>' not specified\n")
    assert.equal(await refused('--name', 'x', '--expires', 'soon'), 'Invalid --expires (use a number with m, h, d or w, as in 30d)\n')
    assert.equal(await refused('--name', 'x', '--rate', '0'), 'Invalid --rate (use a number of requests a minute)\n')
    assert.equal(await refused('--name', 'x', '--limit-usd', '0'), 'Invalid --limit-usd (use an amount of US dollars, as in 5 or 0.50)\n')
    assert.equal(await refused('--name', 'x', '--limit-usd', '1', '--per', 'week'), 'Invalid --per (use day or month)\n')
    assert.equal(await refused('--name', 'x', '--per', 'day'), '--per needs --limit-usd\n')
    assert.match(await refused('--name', 'x', '--scope', 'root'), /scopes/)
  })

  test('usage: what was used, by day, key, agent and model, also while the gateway does not run', async () => {
    const { secret, key } = await running.json('keys', 'create', '--name', 'Counter')
    for (let i = 0; i < 3; i++) assert.equal((await chat(secret)).status, 200)
    const report = await running.json('usage', '--by', 'key')
    const row = report.rows.find(({ id }: { id: string }) => id === key.id)
    assert.deepEqual([row.kind, row.name, row.requests, row.missingCostEntries], ['key', 'Counter', 3, 3])
    assert.match((await running.call('usage', '--by', 'key')).stdout, /│ Counter +│ 3 +│/)
    const byModel = await running.call('usage', '--by', 'model', '--days', '7')
    assert.match(byModel.stdout, /│ local\/echo │ \d+ +│/)
    assert.match(byModel.stdout, /^The cost of \d+ requests is not known, or is the most it can be\.$/m)
    const costs = await running.json('gateway', 'usage-cost')
    assert.deepEqual([keysOf(costs), costs.days], [names('updatedAt days daily totals'), 30])
    assert.match(
      (await running.call('gateway', 'usage-cost', '--days', '2')).stdout,
      /^Usage cost \(2 days\)\nTotal: \$0\.00 · \d+ tokens\nMissing entries: \d+\nLatest day: \d{4}-\d\d-\d\d · \$0\.00 · \d+ tokens\n$/,
    )
    assert.equal((await running.call('usage', '--by', 'moon')).stderr, 'Invalid --by (use day, key, agent or model)\n')
    assert.equal((await running.call('usage', '--days', '0')).stderr, 'Invalid --days (use 1 to 400)\n')
    await running.gateway.stop()
    const offline = await running.call('usage', '--by', 'key')
    assert.match(offline.stderr, /^Gateway not reachable; showing what is on disk\.\n$/)
    assert.match(offline.stdout, new RegExp(`│ key ${key.id} +│ 3 +│`))
    await running.restart()
    assert.equal((await running.json('usage', '--by', 'key')).totals.requests, report.totals.requests)
    assert.equal((await chat(secret)).status, 200, 'the key outlived the restart')
  })
})
