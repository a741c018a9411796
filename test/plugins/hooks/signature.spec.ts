import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import { schemes } from '../../../plugins/hooks/schemes.js'
import { raw, rawRequest } from '../../support/raw.js'
import { boot, type Booted } from './boot.js'
import { nowS, providers, type Sender } from './senders.js'
import { enabled, hookToken } from './uses.js'

const none = { authorization: '' }
const changed = (text: string) => text.replace('hello', 'hellp')
/** The last digit of a signature, another one. In base64 `1` at the end may stand for the same bytes as `0`; `8` does not. */
const bent = (text: string) => text.replace(/([\da-f])(?=[^\da-f]*$)/i, (digit) => (digit === '0' ? '8' : '0'))

test('every scheme has a sender that is tested', () => {
  assert.deepEqual(providers.map(({ scheme }) => scheme).sort(), Object.keys(schemes).sort())
})

for (const { scheme, header, timed, signs, join, payload, sender } of providers)
  describe(`hooks signed as ${scheme}`, () => {
    const own = sender('one')
    const other = sender('two')
    const old = sender('three')
    const account = (path: string, { secret }: Sender, previous?: { secret: string; until: string }) => ({
      id: path,
      match: { path },
      messageTemplate: '{{text}}',
      signature: { scheme, secret, ...(previous && { previous }) },
    })
    const start = (until?: string) =>
      boot({
        hooks: enabled({
          mappings: [account('own', own, until === undefined ? undefined : { secret: old.secret, until }), account('other', other)],
        }),
      })
    let count = 0
    const delivery = (from = own, stampS = nowS()) => {
      const id = `evt_${++count}`
      const body = JSON.stringify(payload(id))
      return { body, headers: from.headers(body, stampS, id) }
    }
    const post = async (it: Booted, { body, headers }: { body: string; headers: Record<string, string> }, path = 'own') =>
      (await it.post(`/hooks/${path}`, body, { ...none, ...headers })).status
    const withProof = (change: (value: string) => string | undefined, from = delivery()) => {
      const value = change(from.headers[header] as string)
      const { [header]: _, ...rest } = from.headers
      return { ...from, headers: value === undefined ? rest : { ...rest, [header]: value } }
    }

    test('T-HOOK-02 what is signed is taken, and what the sender said reaches the agent', async () => {
      const it = await start()
      const { body, headers } = delivery()
      const answer = await it.post('/hooks/own', body, { ...none, ...headers })
      assert.equal(answer.status, 200)
      assert.match(answer.json.runId, /^[\da-f-]{36}$/)
      await it.settled()
      assert.match(it.asked().at(-1) ?? '', /\nhello\n/)
      assert.equal(await post(it, delivery(other), 'other'), 200)
      await it.close()
    })

    test('T-HOOK-02 changed, wrong, empty, doubled, of another account, or with a token in its place: 401', async () => {
      const it = await start()
      const forged: [string, { body: string; headers: Record<string, string> }, string?][] = [
        ['no signature', withProof(() => undefined)],
        ['an empty one', withProof(() => '')],
        ['its prefix alone', withProof((value) => (/^[^=,]*[=,]/.exec(value) ?? [''])[0])],
        ['a changed signature', withProof(bent)],
        ['a shorter one', withProof((value) => value.slice(0, -2))],
        ['a longer one', withProof((value) => `${value}00`)],
        ["another account's secret", delivery(other)],
        ['the right one at another path', delivery(own), 'other'],
        ['the token of hooks', { body: '{}', headers: { authorization: `Bearer ${hookToken}` } }],
        ['the secret as token', { body: '{}', headers: { authorization: `Bearer ${own.secret}` } }],
        ['two in one header', withProof((value) => `${value}, ${value}`)],
        ['an old secret that is none any more', delivery(old)],
      ]
      if (signs) {
        const signed = delivery()
        forged.push(['a changed byte', { ...signed, body: changed(signed.body) }])
        forged.push(['other blanks', { ...signed, body: `${signed.body} ` }])
        forged.push(['no body', { ...signed, body: '' }])
      }
      if (timed) {
        forged.push(['an old time', delivery(own, nowS() - 302)])
        forged.push(['a time to come', delivery(own, nowS() + 400)])
        const { body, headers } = delivery(own, nowS() - 302)
        const stamped = Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, value.replace(`${nowS() - 302}`, `${nowS()}`)]),
        )
        forged.push(['an old time made new', { body, headers: stamped }])
      }
      const named = delivery()
      if ('webhook-id' in named.headers)
        forged.push(
          ['another id', { ...named, headers: { ...named.headers, 'webhook-id': 'evt_0' } }],
          ['no id', { ...named, headers: { ...named.headers, 'webhook-id': '' } }],
        )
      for (const [what, request, path] of forged) {
        assert.equal(await post(it, request, path), 401, what)
        // So that the count of wrong ones never comes into play.
        assert.equal((await it.post('/hooks/wake', { text: 'x' })).status, 200)
      }
      assert.equal([...it.runs.active()].length, 0)
      assert.deepEqual(it.asked(), [])
      await it.close()
    })

    test('T-HOOK-02 the header twice is refused before anybody reads it', async () => {
      const it = await start()
      const { body, headers } = delivery()
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
      const twice = [...lines, `${header}: ${headers[header]}`]
      const head = ['POST /hooks/own HTTP/1.1', `Host: ${new URL(it.gateway.url).host}`, `Content-Length: ${body.length}`]
      assert.equal((await rawRequest(it.gateway.url, raw([...head, ...twice], body))).status, 400)
      assert.equal((await rawRequest(it.gateway.url, raw([...head, ...lines], body))).status, 200)
      await it.close()
    })

    if (join)
      test('two signatures of a rotation at the sender: one that is right is enough, and there are eight at most', async () => {
        const it = await start()
        const { body, headers } = delivery()
        const value = headers[header] as string
        const wrong = join(bent(value), bent(value))
        for (const [list, status] of [
          [join(value, bent(value)), 200],
          [join(bent(value), value), 200],
          [wrong, 401],
          [Array.from({ length: 8 }, () => bent(value)).reduce((all, one) => join(all, one), value), 401],
        ] as const)
          assert.equal(await post(it, { body, headers: { ...headers, [header]: list } }), status, list)
        await it.close()
      })

    test('T-SEC-03 the secret before a rotation counts until its time, and not after', async () => {
      const soon = Date.now() + 60_000
      const it = await start(new Date(soon).toISOString())
      assert.equal(await post(it, delivery(old)), 200)
      assert.equal(await post(it, delivery()), 200)
      assert.equal(await post(it, delivery(other)), 401)
      assert.equal(await post(it, delivery(old), 'other'), 401)
      const { now } = Date
      Date.now = () => now() + 61_000
      try {
        assert.equal(await post(it, delivery(old)), 401)
        assert.equal(await post(it, delivery()), 200)
      } finally {
        Date.now = now
      }
      await it.reload(enabled({ mappings: [account('own', own)] }))
      assert.equal(await post(it, delivery(old)), 401)
      await it.close()
    })
  })

describe('hooks: what providers ask of an address first', () => {
  const one = async (scheme: string, from: Sender, body: object) => {
    const it = await boot({
      hooks: enabled({
        mappings: [{ id: 'p', match: { path: 'p' }, messageTemplate: 'm', signature: { scheme: scheme as 'slack', secret: from.secret } }],
      }),
    })
    const text = JSON.stringify(body)
    const signed = await it.post('/hooks/p', text, { ...none, ...from.headers(text, nowS(), 'id') })
    const forged = await it.post('/hooks/p', text, { ...none, ...from.headers(`${text} `, nowS(), 'id') })
    assert.equal(forged.status, 401)
    assert.deepEqual(it.asked(), [])
    await it.close()
    return signed
  }
  const senderOf = (scheme: string) => providers.find((each) => each.scheme === scheme)?.sender('one') as Sender

  test('Slack gets its challenge back', async () => {
    const answer = await one('slack', senderOf('slack'), { type: 'url_verification', challenge: 'say this', token: 'x' })
    assert.deepEqual([answer.status, answer.json], [200, { challenge: 'say this' }])
  })

  test('Discord gets an answer to either ping', async () => {
    const interaction = await one('discord', senderOf('discord'), { type: 1, id: '1', token: 'x' })
    assert.deepEqual([interaction.status, interaction.json], [200, { type: 1 }])
    const event = await one('discord', senderOf('discord'), { version: 1, type: 0 })
    assert.deepEqual([event.status, event.text, event.headers.get('content-length')], [204, '', null])
  })
})

test('a plain secret of the generic scheme is the key as it is', async () => {
  const secret = 'a secret that is no base64 of anything'
  const it = await boot({
    hooks: enabled({ mappings: [{ id: 'p', match: { path: 'p' }, messageTemplate: 'm', signature: { scheme: 'hmac-sha256', secret } }] }),
  })
  const stamp = `${nowS()}`
  const signature = createHmac('sha256', secret).update(`msg_1.${stamp}.{}`).digest('base64')
  const headers = { ...none, 'webhook-id': 'msg_1', 'webhook-timestamp': stamp, 'webhook-signature': `v1,${signature}` }
  assert.equal((await it.post('/hooks/p', '{}', headers)).status, 200)
  await it.close()
})
