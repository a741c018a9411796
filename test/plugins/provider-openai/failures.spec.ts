import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { GatewayError } from 'openclaw/plugin'
import { createRetryBudget } from '../../../plugins/provider-openai/retry.js'
import type { Reply, UpstreamRequest } from '../../support/upstream.js'
import { chat as ask, contextOf, failure, key, open, textOf } from './boot.js'

const listed = { models: [{ id: 'm' }], anyModel: true }

describe('provider-openai: failures as the API’s codes', () => {
  for (const [what, reply, expected, tries] of [
    ['401', { status: 401 }, { code: 'upstream_auth_error', message: "The gateway's credentials for provider 'fake' were rejected." }, 1],
    ['403', { status: 403 }, { code: 'upstream_auth_error' }, 1],
    ['404', { status: 404 }, { code: 'model_not_found', param: 'model' }, 1],
    ['400 that says model_not_found', { status: 400, error: { code: 'model_not_found' } }, { code: 'model_not_found' }, 1],
    ['400', { status: 400, error: { message: 'Nope.' } }, { code: 'upstream_rejected', message: 'Nope.' }, 1],
    ['422 with a detail only', { status: 422, error: {} }, { code: 'upstream_rejected' }, 1],
    [
      '400 that names a field',
      { status: 400, error: { message: 'Bad.', param: 'temperature' } },
      { code: 'invalid_value', param: 'temperature' },
      1,
    ],
    [
      '400 for a field it does not take',
      { status: 400, error: { param: 'seed', code: 'unsupported_parameter' } },
      { code: 'unsupported_parameter', param: 'seed' },
      1,
    ],
    [
      '400 for too long a context',
      { status: 400, error: { message: 'x', code: 'context_length_exceeded' } },
      { code: 'context_length_exceeded', param: 'messages' },
      1,
    ],
    [
      '413 for too long a context, in words',
      { status: 413, error: { message: 'The prompt is too long: 9 > 8' } },
      { code: 'context_length_exceeded' },
      1,
    ],
    ['408', { status: 408 }, { code: 'upstream_timeout' }, 1],
    ['500', { status: 500 }, { code: 'upstream_error', message: "Provider 'fake' failed (HTTP 500)." }, 2],
    ['502', { status: 502 }, { code: 'upstream_error' }, 2],
    ['503', { status: 503, headers: { 'retry-after': '7' } }, { code: 'upstream_overloaded', retryAfterS: 7 }, 1],
    ['529', { status: 529 }, { code: 'upstream_overloaded', retryAfterS: 5 }, 1],
    ['429', { status: 429 }, { code: 'upstream_rate_limited', retryAfterS: 5 }, 3],
    [
      '429 with a long Retry-After',
      { status: 429, headers: { 'retry-after': '30' } },
      { code: 'upstream_rate_limited', retryAfterS: 30 },
      1,
    ],
    ['429 without credit', { status: 429, error: { code: 'insufficient_quota' } }, { code: 'upstream_rate_limited', retryAfterS: 5 }, 1],
    ['a connection that is reset', { resetAfter: 'request' }, { code: 'upstream_error' }, 2],
    ['a redirect', { status: 307, headers: { location: 'http://127.0.0.1:1/' } }, { code: 'upstream_bad_response' }, 1],
  ] as [string, Reply, Record<string, unknown>, number][]) {
    test(`${what}: ${expected['code']}, after ${tries} ${tries === 1 ? 'request' : 'requests'}`, async (t) => {
      const { chat, upstream } = await open(t, { entry: listed, upstream: { respond: () => reply } })
      const { tookMs, ...seen } = await failure(chat('m'))
      assert.deepEqual({ ...seen, ...expected }, seen)
      assert.equal(upstream.requests.length, tries)
      assert.ok(tookMs < 10_000)
      assert.doesNotMatch(seen.message, new RegExp(`127\\.0\\.0\\.1|${upstream.port}|${key}`))
    })
  }

  for (const [what, value, seconds] of [
    ['a date', () => new Date(Date.now() + 20_000).toUTCString(), 20],
    ['garbage', () => 'soon', 5],
    ['a date long gone', () => 'Wed, 21 Oct 2015 07:28:00 GMT', 0],
    ['a century', () => '3155760000', 86_400],
  ] as const) {
    test(`Retry-After may be ${what}`, async (t) => {
      const { chat } = await open(t, {
        entry: listed,
        upstream: { respond: () => ({ status: 503, headers: { 'retry-after': value() } }) },
      })
      const { retryAfterS } = await failure(chat('m'))
      assert.ok(Math.abs((retryAfterS as number) - seconds) <= 1, String(retryAfterS))
    })
  }

  test('T-API-06: an error that repeats our key and address shows neither, to the client or in the log', async (t) => {
    const short = 'abc12'
    const { chat, gateway, upstream } = await open(t, {
      entry: { ...listed, headers: { 'x-tenant-key': short } },
      upstream: {
        respond: ({ headers }) => ({
          status: 400,
          error: { message: `${headers['authorization']} ${headers['x-tenant-key']} ${upstream.baseUrl} ${'x'.repeat(600)}` },
        }),
      },
    })
    const { message } = await failure(chat('m'))
    const seen = message + JSON.stringify(gateway.log)
    for (const secret of [key, short, String(upstream.port)]) assert.ok(!seen.includes(secret), secret)
    assert.ok(message.length <= 500)
    for (const model of ['echo-key', 'bad-key']) await failure(chat(model))
    assert.ok(!JSON.stringify(gateway.log).includes(key))
  })
})

describe('provider-openai: T-NET-05: answers without end', () => {
  test('an error is read up to a limit, and then no part of it is shown', async (t) => {
    const { chat } = await open(t, {
      entry: listed,
      upstream: { respond: () => ({ status: 400, error: { message: 'secret '.repeat(100_000) } }) },
    })
    const { code, message } = await failure(chat('m'))
    assert.equal(code, 'upstream_rejected')
    assert.equal(message, "Provider 'fake' rejected the request (HTTP 400).")
  })

  test('an event is taken up to a limit', async (t) => {
    const raw = `data: ${'x'.repeat(17_000_000)}`
    const { chat } = await open(t, { entry: listed, upstream: { respond: () => ({ raw }) } })
    assert.equal((await failure(chat('m'))).code, 'upstream_bad_response')
  })
})

describe('provider-openai: retries', { concurrency: true }, () => {
  const failFirst = (count: number, reply: Reply) => {
    let failed = 0
    return (): Reply | undefined => (failed++ < count ? reply : undefined)
  }

  test('one after a server error, and the answer is whole', async (t) => {
    const { chat, upstream } = await open(t, { entry: listed, upstream: { respond: failFirst(1, { status: 500 }) } })
    assert.equal(textOf(await chat('m')), 'You said: hi')
    assert.equal(upstream.requests.length, 2)
  })

  test('two after rate limits, not before Retry-After is over', async (t) => {
    const limited = { status: 429, headers: { 'retry-after-ms': '900' } }
    const { chat, upstream } = await open(t, { entry: listed, upstream: { respond: failFirst(1, limited) } })
    assert.equal(textOf(await chat('m')), 'You said: hi')
    const [first, second] = upstream.requests as [UpstreamRequest, UpstreamRequest]
    assert.ok(second.receivedAt - first.receivedAt >= 1_000)
    const twice = await open(t, { entry: listed, upstream: { respond: failFirst(2, { status: 429 }) } })
    assert.equal(textOf(await twice.chat('m')), 'You said: hi')
    assert.equal(twice.upstream.requests.length, 3)
  })

  test('one after a kept connection that the server had closed', async (t) => {
    const { chat, upstream } = await open(t, { entry: listed })
    await chat('m')
    upstream.options = { respond: failFirst(1, { resetAfter: 'request' }) }
    assert.equal(textOf(await chat('m')), 'You said: hi')
  })

  test('none once a piece was delivered', async (t) => {
    const { chat, upstream } = await open(t, { entry: listed })
    for (const model of ['cut', 'truncated', 'bad-json']) await failure(chat(model))
    await failure(chat('cut', { stream: false }))
    assert.equal(upstream.requests.length, 4)
  })

  test('T-DOS-12: an upstream that always fails gets a tenth more requests, not twice as many', async (t) => {
    const { chat, upstream } = await open(t, { entry: listed, upstream: { respond: () => ({ status: 500 }) } })
    for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 10 }, () => failure(chat('m'))))
    assert.ok(upstream.requests.length >= 110 && upstream.requests.length <= 120, String(upstream.requests.length))
  })

  test('T-DOS-12: all waiting of one call fits into ten seconds', () => {
    const budget = createRetryBudget()
    const limited = (afterMs?: number) => ({
      error: new GatewayError('x', 'x'),
      retry: 'rate' as const,
      ...(afterMs !== undefined && { afterMs }),
    })
    assert.equal(budget.delayMs(limited(30_000), 0, 0), undefined)
    assert.equal(budget.delayMs(limited(5_000), 1, 6_000), undefined)
    assert.equal(budget.delayMs(limited(), 2, 0), undefined)
    const waits = Array.from({ length: 10 }, () => budget.delayMs(limited(2_000), 0, 0) as number)
    assert.ok(waits.every((wait) => wait >= 2_000 && wait <= 2_250))
    assert.ok(new Set(waits).size > 1)
    assert.equal(budget.delayMs(limited(), 0, 0), undefined)
  })
})

describe('provider-openai: time and connection', { concurrency: true }, () => {
  test('no headers in time', async (t) => {
    const { chat, upstream } = await open(t, { entry: { ...listed, timeouts: { headersMs: 300 } } })
    for (const stream of [true, false]) {
      const { code, message, tookMs } = await failure(chat('hang', { stream }))
      assert.equal(code, 'upstream_timeout')
      assert.match(message, /300 ms/)
      assert.ok(tookMs < 2_000, String(tookMs))
    }
    assert.equal(upstream.requests.length, 2)
  })

  test('nothing more in time', async (t) => {
    const { chat } = await open(t, { entry: { ...listed, timeouts: { idleMs: 300 } } })
    const { code, tookMs } = await failure(chat('stall'))
    assert.equal(code, 'upstream_timeout')
    assert.ok(tookMs < 2_000, String(tookMs))
  })

  test('a reader that pauses for longer is no idle upstream', async (t) => {
    const { provider } = await open(t, { entry: { ...listed, timeouts: { idleMs: 200 } } })
    const answer = await provider().chat?.('endless', { stream: true, messages: [{ role: 'user', content: 'x' }] }, contextOf())
    const iterator = (answer as AsyncIterable<unknown>)[Symbol.asyncIterator]()
    await iterator.next()
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    for (let i = 0; i < 20; i++) assert.equal((await iterator.next()).done, false)
    await iterator.return?.()
  })

  for (const [what, baseUrl] of [
    ['refused', 'http://127.0.0.1:1/v1'],
    ['a name that does not exist', 'http://no-such-host.invalid/v1'],
  ] as const) {
    test(`unreachable at once: ${what}`, async (t) => {
      const { chat } = await open(t, { entry: { ...listed, baseUrl } })
      const { code, message, tookMs } = await failure(chat('m'))
      assert.equal(code, 'upstream_unavailable')
      assert.match(message, /cannot be reached \((ECONNREFUSED|ENOTFOUND|EAI_AGAIN)\)/)
      assert.ok(tookMs < 3_000, String(tookMs))
    })
  }

  test('unreachable: TLS with a server that does not speak it, or does not answer', async (t) => {
    const { chat, upstream } = await open(t, { entry: listed })
    const plain = await open(t, { entry: { ...listed, baseUrl: upstream.baseUrl.replace('http', 'https') } })
    const wrong = await failure(plain.chat('m'))
    assert.equal(wrong.code, 'upstream_unavailable')
    assert.ok(wrong.tookMs < 3_000)
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    t.after(() => silent.close())
    await new Promise((resolve) => silent.once('listening', resolve))
    const { port } = silent.address() as { port: number }
    const mute = await open(t, { entry: { ...listed, baseUrl: `https://127.0.0.1:${port}/v1`, timeouts: { connectMs: 500 } } })
    const slow = await failure(mute.chat('m'))
    assert.equal(slow.code, 'upstream_unavailable')
    assert.ok(slow.tookMs < 3_000, String(slow.tookMs))
    assert.ok(textOf(await chat('m')))
  })

  test('a provider in trouble does not trouble another', async (t) => {
    const other = await open(t, { entry: listed })
    const { provider } = await open(t, {
      entry: { ...listed, baseUrl: 'http://127.0.0.1:1/v1' },
      others: { good: { ...listed, baseUrl: other.upstream.baseUrl, apiKey: key } } as never,
    })
    const [bad, good] = await Promise.all([failure(ask(provider('fake'), 'm')), ask(provider('good'), 'm')])
    assert.equal(bad.code, 'upstream_unavailable')
    assert.equal(textOf(good), 'You said: hi')
  })
})
