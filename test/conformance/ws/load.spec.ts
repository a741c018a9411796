import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bootControl } from '../../support/control.js'
import { connect, connectOperator, createDevice, type Event, openWire, type Wire } from '../../support/operator.js'
import { pool } from '../../support/raw.js'

const events = { state: { droppable: true }, news: {}, delta: { droppable: (payload: { last?: boolean }) => !payload.last } }
const small = { softBufferedBytes: 65_536, maxBufferedBytes: 1_048_576 }
const text = 'x'.repeat(262_144)
const heard = (wire: Wire, name: string) => wire.frames.filter((frame): frame is Event => frame.type === 'event' && frame.event === name)

describe('slow consumers', () => {
  test('T-DOS-09 §1.5 events that may be missed are left out above the soft limit, and the gap in `seq` tells it', async () => {
    const control = await bootControl({ config: small, events })
    const [slow, fast] = [
      await connectOperator(control.url, { token: control.token }),
      await connectOperator(control.url, { token: control.token }),
    ]
    slow.socket.pause()
    for (let at = 0; at < 80; at++) {
      const heardNow = fast.event(at % 2 ? 'state' : 'delta', (payload) => payload.at === at, fast.frames.length)
      control.publish(at % 2 ? 'state' : 'delta', { at, text })
      await heardNow
    }
    control.publish('delta', { last: true })
    slow.socket.resume()
    const last = await slow.event('delta', (payload) => payload.last)
    const got = heard(slow, 'state').length + heard(slow, 'delta').length - 1
    assert.equal(heard(fast, 'state').length + heard(fast, 'delta').length - 1, 80)
    assert.ok(got < 80, `the slow one heard ${got} of 80`)
    assert.equal(last.seq, 81, 'those it missed were counted')
    assert.equal((await slow.request('last-heartbeat')).ok, true, 'it is still connected')
    await control.gateway.close()
  })

  test('T-DOS-09 §1.5 any other event above the hard limit closes with 1008 `slow consumer`; others hear it all', async () => {
    const control = await bootControl({ config: small, events })
    const [slow, fast] = [
      await connectOperator(control.url, { token: control.token }),
      await connectOperator(control.url, { token: control.token }),
    ]
    slow.socket.pause()
    const gone = fast.event('presence', ({ presence }) => presence.some(({ reason }: { reason: string }) => reason === 'disconnect'))
    let isGone = false
    void gone.then(() => (isGone = true))
    let sent = 0
    while (!isGone) {
      const heardNow = fast.event('news', (payload) => payload.at === sent, fast.frames.length)
      control.publish('news', { at: sent, text })
      await heardNow
      sent++
    }
    slow.socket.resume()
    assert.deepEqual(await slow.closed, { code: 1008, reason: 'slow consumer' })
    assert.ok(heard(slow, 'news').length < sent)
    assert.equal(heard(fast, 'news').length, sent)
    assert.ok(sent < 200, `closed after ${sent} events of 256 KiB`)
    await control.gateway.close()
  })

  test('T-DOS-09 §1.5 a client that asks and does not read its answers is closed too; what it sends then is not served', async () => {
    let served = 0
    const big = () => {
      served++
      return text
    }
    const control = await bootControl({ config: small, methods: { big: { scope: null, handler: big } } })
    const other = await connectOperator(control.url, { token: control.token })
    const greedy = await connectOperator(control.url, { token: control.token })
    greedy.socket.pause()
    for (let at = 0; at < 400; at++) greedy.send({ type: 'req', id: String(at), method: 'big' })
    await other.event('presence')
    greedy.socket.resume()
    assert.deepEqual(await greedy.closed, { code: 1008, reason: 'slow consumer' })
    assert.ok(served < 200, `${served} of 400 answers of 256 KiB were made`)
    await control.gateway.close()
  })
})

describe('floods', () => {
  test('T-DOS-10 a flood of requests throttles that socket, and no other; it is served again when it calms down', async () => {
    const control = await bootControl({
      config: { requestBurst: 50, requestsPerSecond: 200 },
      methods: { costly: { scope: null, cost: 40, handler: () => 'done' }, beyond: { scope: null, cost: 1_000, handler: () => 'done' } },
    })
    const [flood, calm] = [
      await connectOperator(control.url, { token: control.token }),
      await connectOperator(control.url, { token: control.token }),
    ]
    const answers = await Promise.all(Array.from({ length: 500 }, () => flood.request('last-heartbeat')))
    const refused = answers.filter(({ ok }) => !ok)
    // Every one is answered. What comes after a refusal waits, so that refusing a flood costs little.
    assert.ok(refused.length >= 10 && refused.length <= 450, `${refused.length} of 500 were refused`)
    assert.deepEqual(refused[0]?.error, {
      code: 'UNAVAILABLE',
      message: 'rate limit exceeded: more than 200 requests a second on this connection',
      retryable: true,
      retryAfterMs: 1_000,
    })
    for (let at = 0; at < 20; at++) assert.equal((await calm.request('last-heartbeat')).ok, true)
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.deepEqual(
      (await Promise.all([flood.request('costly'), flood.request('costly')])).map(({ ok }) => ok),
      [true, false],
      'a method may cost more',
    )
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal((await flood.request('beyond')).ok, true, 'one that costs more than there is takes all')
    await control.gateway.close()
  })

  test('T-DOS-10 a socket has 64 open calls at most; the next is refused, and another socket does not notice', async () => {
    const waiting: (() => void)[] = []
    const control = await bootControl({
      methods: {
        wait: { scope: null, handler: () => new Promise<void>((resolve) => waiting.push(resolve)) },
        quick: { scope: null, handler: () => 'done' },
      },
    })
    const [busy, other] = [
      await connectOperator(control.url, { token: control.token }),
      await connectOperator(control.url, { token: control.token }),
    ]
    const calls = Array.from({ length: 64 }, () => busy.request('wait'))
    for (const method of ['wait', 'quick']) {
      const { error } = await busy.request(method)
      assert.deepEqual([error?.code, error?.retryable, error?.retryAfterMs], ['UNAVAILABLE', true, 1_000])
      assert.equal(error?.message, 'too many open calls: 64 on this connection wait for their answer')
    }
    assert.equal((await other.request('quick')).ok, true)
    waiting.pop()?.()
    await Promise.any(calls)
    assert.equal((await busy.request('quick')).ok, true)
    for (const resolve of waiting) resolve()
    assert.ok((await Promise.all(calls)).every(({ ok }) => ok))
    await control.gateway.close()
  })

  test('T-DOS-04 of more than 256 sockets that say nothing the oldest make room, and a client that says who it is gets in', async () => {
    const control = await bootControl()
    const idle: Wire[] = []
    await pool(Array.from({ length: 600 }), 20, async () => idle.push(await openWire(control.url)))
    const { wire, answer } = await connect(control.url, { token: control.token, device: createDevice() })
    assert.equal(answer.ok, true)
    await Promise.all(idle.slice(0, 300).map(({ closed }) => closed))
    const open = idle.filter(({ socket }) => socket.readyState === 1)
    assert.equal(open.length, 255, 'none but the newest')
    assert.ok(idle.slice(0, 300).every(({ socket }) => socket.readyState === 3))
    assert.equal((await wire.request('last-heartbeat')).ok, true, 'who is in stays in')
    for (const { socket } of idle) socket.terminate()
    await control.gateway.close()
  })
})
