import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError } from 'openclaw/plugin'
import type { ChatEvent, Provider } from '../../../plugins/contracts/models.js'
import type { Upstream } from '../../support/upstream.js'
import { chat as ask, contextOf, failure, open, question } from './boot.js'

const gone = new GatewayError('client_closed', 'The client closed the connection.')
const entry = { models: [{ id: 'm' }], anyModel: true }

async function until(what: string, done: () => boolean, limitMs = 2_000) {
  const began = performance.now()
  while (!done()) {
    assert.ok(performance.now() - began < limitMs, `${what} did not happen within ${limitMs} ms`)
    await sleep(5)
  }
}
const arrived = (upstream: Upstream) => until('a request', () => upstream.requests.length > 0)

async function endless(provider: Provider) {
  const answer = await provider.chat?.('endless', question, contextOf())
  return (answer as AsyncIterable<readonly ChatEvent[]>)[Symbol.asyncIterator]()
}

describe('provider-openai: abort', () => {
  for (const [what, model, request] of [
    ['while it waits for headers', 'hang', {}],
    ['while it streams', 'endless', {}],
    ['while it waits for the rest of a whole answer', 'stall', { stream: false }],
  ] as const) {
    test(`T-DOS-11: ${what}, the upstream’s socket closes at once`, async (t) => {
      const { chat, upstream } = await open(t, { entry })
      const client = new AbortController()
      const running = failure(chat(model, request, client.signal))
      await arrived(upstream)
      await sleep(50)
      const abortedAt = performance.now()
      client.abort(gone)
      assert.deepEqual(
        { ...(await running), tookMs: 0 },
        {
          code: 'client_closed',
          message: gone.message,
          param: undefined,
          retryAfterS: undefined,
          tookMs: 0,
        },
      )
      await until('closing', () => upstream.closedAt.length > 0)
      assert.ok((upstream.closedAt[0] as number) - abortedAt < 100)
    })
  }

  test('before it begins: nothing is sent', async (t) => {
    const { chat, upstream } = await open(t, { entry })
    assert.equal((await failure(chat('m', {}, AbortSignal.abort(gone)))).code, 'client_closed')
    await sleep(50)
    assert.equal(upstream.requests.length, 0)
  })

  test('while it connects, and while it waits to try again', async (t) => {
    const { chat, upstream } = await open(t, {
      entry,
      upstream: { respond: () => ({ status: 429, headers: { 'retry-after': '8' } }) },
    })
    const client = new AbortController()
    const waiting = failure(chat('m', {}, client.signal))
    await arrived(upstream)
    await sleep(50)
    client.abort(gone)
    const { code, tookMs } = await waiting
    assert.equal(code, 'client_closed')
    assert.ok(tookMs < 1_000)
    assert.equal(upstream.requests.length, 1)
  })

  test('a reader that leaves closes the upstream’s socket; the end of an answer keeps it open', async (t) => {
    const { provider, chat, upstream } = await open(t, { entry })
    for (let i = 0; i < 3; i++) {
      await chat('m')
      // The end mark is the end for the reader; the body's own end follows.
      await sleep(50)
    }
    assert.equal(upstream.sockets.accepted, 1)
    const reader = await endless(provider())
    assert.equal((await reader.next()).done, false)
    await reader.return?.()
    await until('closing', () => upstream.closedAt.length === 1)
  })

  test('no listener stays on a signal that many calls share', async (t) => {
    const { provider } = await open(t, { entry })
    const { signal } = new AbortController()
    for (const model of ['m', 'cut', 'status-500', 'reset']) await ask(provider(), model, {}, signal).catch(() => undefined)
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  })
})

describe('provider-openai: backpressure', () => {
  test('T-DOS-09: an answer that nobody reads stops the upstream, and goes on when it is read', async (t) => {
    const { provider, upstream } = await open(t, { entry })
    const reader = await endless(provider())
    await arrived(upstream)
    const sent = () => (upstream.requests[0] as { bytesWritten: number }).bytesWritten
    // The sockets' own buffers take some megabytes before anything is held back.
    let before = -1
    await until(
      'a standstill',
      () => {
        const still = sent() === before && before > 0
        before = sent()
        return still
      },
      20_000,
    )
    await sleep(300)
    const held = sent()
    await sleep(300)
    assert.equal(sent(), held)
    for (let read = 0; sent() === held; read++) {
      assert.ok(read < 1_000_000)
      assert.equal((await reader.next()).done, false)
    }
    await reader.return?.()
    await until('closing', () => upstream.closedAt.length === 1)
  })
})
