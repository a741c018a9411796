import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Limiter } from '../../../plugins/hooks/limiter.js'
import { raw, rawConnect, rawRequest } from '../../support/raw.js'
import { answerOf, boot, type Booted, mapped } from './boot.js'
import { enabled, hookToken } from './uses.js'

const queryText =
  'Hook token must be provided via Authorization: Bearer <token> or X-OpenClaw-Token header (query parameters are not allowed).'
const hex = 'f'.repeat(64)

describe('hooks: from the request line to the body', () => {
  let it: Booted
  const send = async (path: string, init: RequestInit = {}) => answerOf(await fetch(it.gateway.url + path, init))
  before(async () => {
    it = await boot({ hooks: mapped(), shared: true })
  })
  after(() => it.close())

  test('a token in the query is refused before anything else, whatever the method', async () => {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
      for (const query of [`token=${hookToken}`, 'token', 'token=', 'a=b&token=x', '%74oken=x']) {
        const answer = await send(`/hooks/wake?${query}`, { method, headers: { authorization: `Bearer ${hookToken}` } })
        assert.equal(answer.status, 400, `${method} ${query}`)
        assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
        if (method !== 'HEAD') assert.equal(answer.text, queryText)
      }
  })

  test('anything but POST is 405, before the credential', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await send('/hooks/agent?x=1', { method })
      assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'POST'], method)
      if (method !== 'HEAD') assert.equal(answer.text, 'Method Not Allowed')
    }
  })

  test('the token counts as bearer and as x-openclaw-token, and nothing else does', async () => {
    const body = JSON.stringify({ text: 'hello' })
    const post = (headers: Record<string, string>) => send('/hooks/wake', { method: 'POST', body, headers })
    for (const headers of [
      { authorization: `Bearer ${hookToken}` },
      { authorization: `bearer  ${hookToken} ` },
      { 'x-openclaw-token': hookToken },
      { 'x-openclaw-token': hookToken, authorization: 'Basic eDp5' },
    ])
      assert.equal((await post(headers)).status, 200, JSON.stringify(headers))
    for (const headers of [
      {},
      { authorization: hookToken },
      { authorization: `Bearer ${hookToken}x` },
      { authorization: `Bearer ${hookToken.toUpperCase()}` },
      { authorization: 'Bearer ', 'x-api-key': hookToken },
      { authorization: 'Bearer wrong', 'x-openclaw-token': hookToken },
      { authorization: `Bearer ${it.gateway.token}` },
      { 'x-openclaw-token': it.gateway.token },
      { cookie: `token=${hookToken}` },
    ] as Record<string, string>[]) {
      const answer = await post(headers)
      assert.deepEqual([answer.status, answer.text], [401, 'Unauthorized'], JSON.stringify(headers))
      assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
    }
  })

  test("the token of hooks opens nothing but hooks, and the gateway's nothing of hooks", async () => {
    assert.equal((await send('/v1/models', { headers: { authorization: `Bearer ${hookToken}` } })).status, 404)
    const answer = await it.post('/hooks/agent', { message: 'm' }, { authorization: `Bearer ${it.gateway.token}` })
    assert.equal(answer.status, 401)
  })

  test('what is not mapped is a 404 in text, for those with the token alone', async () => {
    for (const path of ['/hooks/', '/hooks/nobody', '/hooks/in/below', '/hooks/IN', '/hooks/Wake', '/hooks/%77ake']) {
      const answer = await it.post(path, {})
      assert.deepEqual([answer.status, answer.text], [404, 'Not Found'], path)
      assert.equal((await it.post(path, {}, { authorization: '' })).status, 401, path)
    }
    assert.equal((await it.post('/hooks', {})).status, 404)
    assert.equal((await it.post('/hooksy/wake', {})).status, 404)
    assert.equal((await it.post('/hooks/in/', { text: 'a slash at the end' })).status, 200)
    assert.equal((await it.post('/hooks/wake/', { text: 'a slash at the end' })).status, 200)
  })

  test('a body that is no JSON is 400 with the words of the parser; blank is {}', async () => {
    for (const [body, pattern] of [
      ['{"text":', /Unexpected end of JSON input/],
      ['{text:1}', /Expected property name/],
      [Buffer.from([0x22, 0xff, 0x22]), /not UTF-8/],
      [`${'['.repeat(101)}`, /nested deeper than 100 levels/],
      ['{"__proto__":{"text":"x"}}', /"__proto__" is not allowed/],
    ] as [string | Buffer, RegExp][]) {
      const { status, json } = await it.post('/hooks/wake', body)
      assert.equal(status, 400)
      assert.equal(json.ok, false)
      assert.match(json.error, pattern)
    }
    assert.equal((await it.post('/hooks/agent', ' \n ')).json.error, 'message required')
  })

  test('a body above 256 KiB is refused, declared or not; the credential comes first', async () => {
    const size = 262_144
    const fits = `{"text":"${'x'.repeat(size - 11)}"}`
    assert.equal(fits.length, size)
    assert.equal((await it.post('/hooks/wake', fits)).status, 200)
    const refusal = [413, '{"ok":false,"error":"payload too large"}']
    const declared = await it.post('/hooks/wake', `${fits} `)
    assert.deepEqual([declared.status, declared.text], refusal)
    const { host } = new URL(it.gateway.url)
    const lines = (token: string, more: string) => ['POST /hooks/wake HTTP/1.1', `Host: ${host}`, `Authorization: Bearer ${token}`, more]
    const chunk = `${(size + 1).toString(16)}\r\n${'x'.repeat(size + 1)}\r\n`
    const chunked = await rawRequest(it.gateway.url, raw(lines(hookToken, 'Transfer-Encoding: chunked'), chunk))
    assert.deepEqual([chunked.status, chunked.body], refusal)
    const unread = await rawRequest(it.gateway.url, raw(lines('wrong', `Content-Length: ${size * 4}`)))
    assert.equal(unread.status, 401)
  })

  test('a body that comes too slowly is 408', async () => {
    const { host } = new URL(it.gateway.url)
    const connection = await rawConnect(it.gateway.url)
    const head = ['POST /hooks/wake HTTP/1.1', `Host: ${host}`, `Authorization: Bearer ${hookToken}`, 'Content-Length: 100']
    await connection.send(raw(head, '{'))
    const [reply] = await connection.until(1, 20_000)
    connection.destroy()
    assert.deepEqual([reply?.status, reply?.body], [408, '{"ok":false,"error":"request body timeout"}'])
  })

  test('every answer has the headers of every answer', async () => {
    const answers = [
      await send('/hooks/wake?token=x', { method: 'POST' }),
      await send('/hooks/wake'),
      await it.post('/hooks/wake', {}, { authorization: '' }),
      await it.post('/hooks/nobody', {}),
      await it.post('/hooks/wake', {}),
      await it.post('/hooks/wake', { text: 'x' }),
    ]
    assert.deepEqual(
      answers.map(({ status }) => status),
      [400, 405, 401, 404, 400, 200],
    )
    for (const { headers } of answers) {
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
      assert.ok(headers.get('x-request-id'))
      assert.equal(headers.get('access-control-allow-origin'), null)
    }
  })

  test('T-HOOK-03 loopback, a proxy in front and forwarding headers prove nothing', async () => {
    const claims = { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1', forwarded: 'for=127.0.0.1', via: '1.1 proxy' }
    for (const headers of [{}, claims, { ...claims, 'x-forwarded-user': 'operator' }] as Record<string, string>[])
      assert.equal((await send('/hooks/wake', { method: 'POST', body: '{"text":"x"}', headers })).status, 401)
  })
})

describe('hooks: wrong tokens', () => {
  const wrong = { authorization: 'Bearer wrong' }
  const statuses = async (it: Booted, count: number, headers: Record<string, string> = wrong) => {
    const seen: number[] = []
    for (let at = 0; at < count; at++) seen.push((await it.post('/hooks/wake', { text: 'x' }, headers)).status)
    return seen
  }

  test('T-HOOK-03 the 21st in a minute is 429, loopback included; the right token passes and clears the count', async () => {
    const it = await boot()
    assert.deepEqual(await statuses(it, 20), Array(20).fill(401))
    const refused = await it.post('/hooks/wake', { text: 'x' }, wrong)
    assert.deepEqual([refused.status, refused.text, refused.headers.get('retry-after')], [429, 'Too Many Requests', '60'])
    assert.equal((await it.gateway.fetch('/hooks/wake', { method: 'POST' })).status, 429, "the gateway's token is a wrong one")
    // A reload unlocks nobody.
    await it.reload(enabled({ maxBodyBytes: 1_000 }))
    assert.equal((await it.post('/hooks/wake', { text: 'x' }, wrong)).status, 429)
    assert.equal((await it.post('/hooks/wake', { text: 'x' })).status, 200)
    assert.deepEqual(await statuses(it, 21), [...Array(20).fill(401), 429])
    await it.close()
  })

  test('wrong signatures count like wrong tokens, and a right one clears like a right token', async () => {
    const { createHmac } = await import('node:crypto')
    const it = await boot({ hooks: mapped({ signature: { scheme: 'github', secret: 'a secret of the repository' } }) })
    const post = (signature: string) => it.post('/hooks/in', '{"text":"x"}', { authorization: '', 'x-hub-signature-256': signature })
    for (let at = 0; at < 20; at++) assert.equal((await post(`sha256=${hex}`)).status, 401)
    assert.equal((await post(`sha256=${hex}`)).status, 429)
    assert.equal((await it.post('/hooks/wake', { text: 'x' }, wrong)).status, 429)
    const right = createHmac('sha256', 'a secret of the repository').update('{"text":"x"}').digest('hex')
    assert.equal((await post(`sha256=${right}`)).status, 200)
    assert.equal((await it.post('/hooks/wake', { text: 'x' }, wrong)).status, 401)
    await it.close()
  })

  test('what a guess looked like is in no log line, and neither is the token', async () => {
    const it = await boot()
    await it.post('/hooks/wake', { text: 'x' }, { authorization: 'Bearer guessed-by-somebody' })
    await it.post('/hooks/agent', { message: 'x' })
    await it.settled()
    const lines = JSON.stringify(it.gateway.log)
    assert.match(lines, /hook request refused: wrong hook token/)
    assert.ok(!lines.includes('guessed-by-somebody') && !lines.includes(hookToken))
    await it.close()
  })

  test('a lock lasts a minute, failures that are older do not count, and the memory is bounded', () => {
    const limiter = new Limiter()
    for (let at = 0; at < 19; at++) limiter.fail('10.0.0.1', at)
    assert.equal(limiter.fail('10.0.0.1', 60_018), 1)
    for (let at = 0; at < 19; at++) limiter.fail('10.0.0.1', 60_018)
    assert.equal(limiter.lockedForS('10.0.0.1', 60_018), 60)
    assert.equal(limiter.lockedForS('10.0.0.1', 120_017), 1)
    assert.equal(limiter.lockedForS('10.0.0.1', 120_018), 0)
    assert.equal(limiter.fail('10.0.0.1', 120_018), 1)
    for (let at = 0; at < 20; at++) limiter.fail(`2001:db8:0:7::${at.toString(16)}`, 1)
    assert.equal(limiter.lockedForS('2001:db8:0:7:ffff::1', 1), 60)
    assert.equal(limiter.lockedForS('2001:db8:0:8::1', 1), 0)
    assert.equal(limiter.fail('::1', 1), 1)
    for (let at = 0; at < 10_000; at++) limiter.fail(`10.1.${at >> 8}.${at & 255}`, 1)
    assert.equal(limiter.lockedForS('2001:db8:0:7::1', 1), 0)
    assert.equal(limiter.fail('10.1.39.15', 1), 2)
  })
})
