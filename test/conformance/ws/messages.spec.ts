import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { bootControl, type Control } from '../../support/control.js'
import { connectOperator, connectParams, createDevice, openWire, type Response } from '../../support/operator.js'

let control: Control
let release: (value: unknown) => void
before(async () => {
  control = await bootControl({
    methods: {
      'test.open': { scope: null, handler: ({ params }) => ({ params }) },
      'test.slow': { scope: null, handler: () => new Promise((resolve) => (release = resolve)) },
    },
  })
})
after(() => control.gateway.close())

const operator = () => connectOperator(control.url, { token: control.token })
/** What a fresh socket is told when this is the first thing it says. */
async function firstSaying(message: string | Buffer) {
  const wire = await openWire(control.url)
  await wire.event('connect.challenge')
  wire.send(message)
  const { code, reason } = await wire.closed
  return { code, reason, answers: wire.frames.filter((frame): frame is Response => frame.type === 'res') }
}

describe('before authentication', () => {
  test('§1.3 a frame that is not JSON closes with 1000, no reason and no answer', async () => {
    for (const message of ['hello', '', '{', '{"type":"req"', "{'type':'req'}", Buffer.from([0xff, 0xfe]), '\ufeff{}', 'undefined'])
      assert.deepEqual(await firstSaying(message), { code: 1000, reason: '', answers: [] }, String(message))
  })

  test('§1.3 JSON that is no request closes with 1008 `invalid request frame` and no answer', async () => {
    const connectFrame = { type: 'req', id: '1', method: 'connect', params: {} }
    const others = [
      null,
      1,
      '"connect"',
      [],
      [connectFrame],
      {},
      { ...connectFrame, type: 'res' },
      { ...connectFrame, id: '' },
      { ...connectFrame, id: 1 },
      { ...connectFrame, method: '' },
      { ...connectFrame, method: null },
      { ...connectFrame, more: true },
      { id: '1', method: 'connect' },
      { type: 'event', event: 'connect.challenge' },
    ] // prettier-ignore
    for (const frame of others)
      assert.deepEqual(
        await firstSaying(typeof frame === 'string' ? frame : JSON.stringify(frame)),
        { code: 1008, reason: 'invalid request frame', answers: [] },
        JSON.stringify(frame),
      )
  })

  test('§1.3 any method but `connect` is refused by name, and the socket closed with the same words', async () => {
    const message = 'invalid handshake: first request must be connect'
    for (const method of ['health', 'Connect', 'connect ', 'no.such.method', 'test.open', '__proto__'])
      assert.deepEqual(await firstSaying(JSON.stringify({ type: 'req', id: 'x', method })), {
        code: 1008,
        reason: message,
        answers: [{ type: 'res', id: 'x', ok: false, error: { code: 'INVALID_REQUEST', message } }],
      })
  })

  test('§1.3 a `connect` that fails the schema is answered with what is wrong, and closed with it', async () => {
    const { code, reason, answers } = await firstSaying(JSON.stringify({ type: 'req', id: 'x', method: 'connect' }))
    const [answer] = answers
    assert.equal(answer?.error?.code, 'INVALID_REQUEST')
    assert.match(String(answer?.error?.message), /^invalid connect params: must have required property 'minProtocol'; .*'client'$/)
    assert.equal(code, 1008)
    assert.equal(reason, answer?.error?.message.slice(0, 120))
  })

  test('§1.3 requests sent along with a good `connect` wait for it; those behind a bad one are not served', async () => {
    for (const token of [control.token, 'wrong']) {
      const wire = await openWire(control.url)
      const { payload } = await wire.event('connect.challenge')
      wire.send({ type: 'req', id: 'c', method: 'connect', params: connectParams(payload.nonce, { device: createDevice(), token }) })
      for (let at = 0; at < 10; at++) wire.send({ type: 'req', id: `r${at}`, method: 'test.open', params: at })
      if (token === control.token) await wire.waitFor((frame) => frame.type === 'res' && frame.id === 'r9', 'the last answer')
      else assert.equal((await wire.closed).code, 1008)
      const ids = wire.frames.flatMap((frame) => (frame.type === 'res' ? [frame.id] : []))
      assert.deepEqual(ids, token === control.token ? ['c', ...Array.from({ length: 10 }, (_, at) => `r${at}`)] : ['c'])
      await wire.close()
    }
  })

  test('§1.3 more than a few messages before the answer to `connect` end the socket', async () => {
    const wire = await openWire(control.url)
    const { payload } = await wire.event('connect.challenge')
    const slow = new Promise((resolve) => void wire.closed.then(resolve))
    control.devices.delay = slow
    wire.send({
      type: 'req',
      id: 'c',
      method: 'connect',
      params: connectParams(payload.nonce, { device: createDevice(), token: control.token }),
    })
    for (let at = 0; at < 17; at++) wire.send({ type: 'req', id: `r${at}`, method: 'test.open' })
    assert.deepEqual(await wire.closed, { code: 1008, reason: 'invalid handshake: too many early messages' })
    control.devices.delay = undefined
    assert.equal(wire.frames.filter(({ type }) => type === 'res').length, 0)
  })
})

describe('after authentication', () => {
  test('§1.3 what is not JSON is ignored, and the connection stays open', async () => {
    const wire = await operator()
    const from = wire.frames.length
    for (const message of ['hello', '', '{', Buffer.from([0xff])]) wire.send(message)
    assert.equal((await wire.request('test.open')).ok, true)
    assert.equal(wire.frames.slice(from).filter(({ type }) => type === 'res').length, 1)
    await wire.close()
  })

  test('§1.3 JSON that is no request is answered on its id, or on "invalid", and the connection stays open', async () => {
    const wire = await operator()
    const cases: [frame: unknown, id: string, problem: string][] = [
      [{ type: 'req', id: 'a' }, 'a', "must have required property 'method'"],
      [{ type: 'req', method: 'health' }, 'invalid', "must have required property 'id'"],
      [{ type: 'req', id: 7, method: 'health' }, 'invalid', 'at /id: must be string'],
      [{ type: 'req', id: '', method: 'health' }, 'invalid', 'at /id: must NOT have fewer than 1 characters'],
      [{ type: 'res', id: 'b', method: 'health' }, 'b', 'at /type: must be equal to constant'],
      [{ type: 'req', id: 'c', method: 'health', extra: 1 }, 'c', "at root: unexpected property 'extra'"],
      [{ type: 'req', id: 'd', method: ['health'] }, 'd', 'at /method: must be string'],
      [[], 'invalid', 'must be object'],
      ['text', 'invalid', 'must be object'],
      [null, 'invalid', 'must be object'],
    ]
    for (const [frame, id, problem] of cases) {
      const from = wire.frames.length
      wire.send(JSON.stringify(frame))
      assert.deepEqual(await wire.waitFor(({ type }) => type === 'res', 'the answer', from), {
        type: 'res',
        id,
        ok: false,
        error: { code: 'INVALID_REQUEST', message: `invalid request frame: ${problem}` },
      })
    }
    assert.equal((await wire.request('test.open')).ok, true)
    await wire.close()
  })

  test('§1.3 a second `connect` is refused, and changes nothing', async () => {
    const wire = await operator()
    const { error } = await wire.request('connect', connectParams('x', { scopes: [] }))
    assert.deepEqual(error, { code: 'INVALID_REQUEST', message: 'connect is only valid as the first request' })
    assert.equal((await wire.request('system-presence')).ok, true)
    await wire.close()
  })

  test('§1.3 requests are served at the same time, their answers come as they are ready, ids may repeat', async () => {
    const wire = await operator()
    const slow = wire.request('test.slow', undefined, { id: 'slow' })
    const twice = [wire.request('test.open', 1, { id: 'same' }), wire.request('test.open', 2, { id: 'same' })]
    await Promise.all(twice)
    const answers = () => wire.frames.filter((frame): frame is Response => frame.type === 'res' && frame.id === 'same')
    await wire.request('test.open')
    assert.deepEqual(
      answers().map(({ payload }) => payload.params),
      [1, 2],
    )
    release('done')
    assert.equal((await slow).payload, 'done')
    await wire.close()
  })
})
