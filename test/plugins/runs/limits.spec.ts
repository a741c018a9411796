import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { Canceller } from '../../../plugins/contracts/cancellation.js'
import type { RunRequest } from '../../../plugins/contracts/runs.js'
import { boot, type Booted, gate, until } from './boot.js'

const words = (text: string): RunRequest['messages'] => [{ role: 'user', content: [{ type: 'text', text }], timestamp: 0 }]
const request = (session: string, more: Partial<RunRequest> = {}): RunRequest => ({
  runId: `run-${session}`,
  kind: 'chat',
  agent: 'main',
  session,
  messages: words(session),
  principal: { kind: 'operator', id: 'operator', scopes: '*' },
  requestId: session,
  ...more,
})

describe('limits of runs', () => {
  const open: Booted[] = []
  const start = async (maxConcurrent: number, hold: Promise<unknown> = new Promise(() => undefined)) => {
    const it = await boot({ agents: { defaults: { model: 'up/echo', maxConcurrent } }, respond: () => hold.then(() => undefined) })
    open.push(it)
    return it
  }
  after(() => Promise.all(open.map((it) => it.close())))

  test('sessions beyond the limit wait, in order, and run when there is a place', async () => {
    const held = gate()
    const it = await start(2, held.opened)
    const accepted: string[] = []
    const runs = ['a', 'b', 'c', 'd'].map((session) => it.runs.start(request(session)).then(() => void accepted.push(session)))
    await until('two are asked', () => it.upstream.requests.length === 2)
    assert.deepEqual(accepted, ['a', 'b'])
    assert.equal(it.sessions.get('c'), undefined)
    held.open()
    await Promise.all(runs)
    assert.deepEqual(accepted, ['a', 'b', 'c', 'd'])
    await until('all ended', () => [...it.runs.active()].length === 0)
  })

  test('T-DOS-11 one key has 16 places at most, and does not keep others from theirs', async () => {
    const it = await start(40)
    const principal = { kind: 'key', id: 'k1', scopes: ['operator.write'] } as const
    for (let n = 0; n < 80; n++) void it.runs.start(request(`k${n}`, { principal })).catch(() => undefined)
    const other = await it.runs.start(request('other', { principal: { ...principal, id: 'k2' } }))
    assert.ok('run' in other)
    await until('17 run', () => [...it.runs.active()].length === 17)
    const refused = it.runs.start(request('one more', { principal }))
    await assert.rejects(refused, { code: 'too_many_runs', retryAfterS: 5 })
  })

  test('who leaves while waiting makes room, and nothing of it is kept', async () => {
    const it = await start(1)
    const first = await it.runs.start(request('first'))
    const gone = new Canceller()
    const waiting = it.runs.start(request('gone', { cancellation: gone }))
    const other = it.runs.start(request('next'))
    gone.abort(new Error('left'))
    await assert.rejects(waiting, /left/)
    assert.ok('run' in first && first.run)
    first.run.abort('rpc')
    assert.ok('run' in (await other))
    assert.equal(it.sessions.get('gone'), undefined)
  })

  test('a session that waits is not given up because the first of its clients left', async () => {
    const it = await start(1)
    const first = await it.runs.start(request('first'))
    const gone = new Canceller()
    const left = it.runs.start(request('both', { cancellation: gone, runId: 'left' }))
    const stays = it.runs.start(request('both', { runId: 'stays' }))
    gone.abort(new Error('left'))
    await assert.rejects(left, /left/)
    if ('run' in first) first.run?.abort('rpc')
    const started = await stays
    assert.ok('run' in started && started.run?.runId === 'stays')
  })

  test('an answer that is too long ends with an error, and memory with it', async () => {
    const it = await boot({ respond: () => ({ text: 'x'.repeat(5_000_000), chunks: 50 }) })
    open.push(it)
    const started = await it.runs.start(request('long'))
    assert.ok('run' in started && started.run)
    const outcome = await started.run.done
    assert.deepEqual([outcome.status, outcome.error?.code], ['error', 'upstream_bad_response'])
    assert.ok(outcome.text.length < 4_300_000)
  })

  test('T-DOS-11 1,000 streams at once: as many run as may, the rest waits or is told to come back, and a cut aborts upstream', async () => {
    const it = await boot({ respond: () => ({ text: 'one by one', chunks: 10, chunkDelayMs: 3_000 }) })
    open.push(it)
    const gone = new AbortController()
    const statuses = new Map<number, number>()
    const count = (status: number) => statuses.set(status, (statuses.get(status) ?? 0) + 1)
    let speaking = 0
    const ask = async () => {
      const reply = await it.gateway.fetch('/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ stream: true, messages: [{ role: 'user', content: 'go' }] }),
        signal: gone.signal,
      })
      count(reply.status)
      if (reply.status !== 200) return reply.body?.cancel()
      await reply.body?.getReader().read()
      speaking++
    }
    const all = Promise.allSettled(Array.from({ length: 1_000 }, ask))
    await until('the first 64 speak', () => speaking === 64, 20_000)
    await until('the rest is refused', () => (statuses.get(429) ?? 0) >= 600, 20_000)
    assert.equal([...it.runs.active()].length, 64)
    gone.abort()
    const leftAt = performance.now()
    await all
    await until('every upstream request is closed', () => it.upstream.requests.every(({ closedAt }) => closedAt !== undefined), 20_000)
    const took = Math.max(...it.upstream.requests.map(({ closedAt }) => (closedAt as number) - leftAt))
    assert.ok(took < 2_000, `the last upstream request closed after ${took} ms`)
    await until('no run is left', () => [...it.runs.active()].length === 0)
  })
})
