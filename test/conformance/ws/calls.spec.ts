import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { GatewayError } from 'openclaw/plugin'
import { type Method, refusal, Serialized } from '../../../plugins/contracts/methods.js'
import { bootControl, type Control } from '../../support/control.js'
import { connectOperator, type Response, type Wire } from '../../support/operator.js'

const read = 'operator.read'
const returns = (value: unknown): Method => ({ scope: read, handler: () => value })
const throws = (value: unknown): Method => ({
  scope: read,
  handler() {
    throw value
  },
})
const rejects = (value: unknown): Method => ({ scope: read, handler: () => Promise.reject(value) })

const methods: Record<string, Method> = {
  object: returns({ a: 1, b: undefined, c: null }),
  array: returns([1, 2]),
  nothing: returns(undefined),
  null: returns(null),
  text: returns('"quoted" \u2028 😀'),
  later: { scope: read, handler: async () => ({ late: true }) },
  serialized: returns(new Serialized('{"made":"once"}')),
  'throws error': throws(new Error('broke with secret kV4hTq9ZsW2mXc7LrB1n')),
  'throws text': throws('just text'),
  'rejects nothing': rejects(undefined),
  refuses: throws(refusal('NOT_LINKED', 'link it first', { details: { how: ['a'] } })),
  'refuses for now': rejects(refusal('UNAVAILABLE', 'come again', { retryAfterMs: 1_500 })),
  'refuses as the API': throws(new GatewayError('model_not_found', 'no such model')),
  'refuses as another’s fault': throws(new GatewayError('upstream_error', 'they broke', { plugin: 'other' })),
  'two stages': {
    scope: read,
    handler: async ({ respond }) => {
      respond({ status: 'accepted', at: 1 })
      await new Promise((resolve) => setImmediate(resolve))
      return { status: 'ok' }
    },
  },
  'two stages, then no': {
    scope: read,
    handler: async ({ respond }) => {
      respond({ status: 'accepted' })
      await new Promise((resolve) => setImmediate(resolve))
      throw refusal('UNAVAILABLE', 'after all not')
    },
  },
}

let control: Control
let wire: Wire
before(async () => {
  control = await bootControl({ methods, gateway: { port: 0, auth: { mode: 'token', token: 'kV4hTq9ZsW2mXc7LrB1n' } } })
  wire = await connectOperator(control.url, { token: 'kV4hTq9ZsW2mXc7LrB1n' })
})
after(() => control.gateway.close())

const answersOf = (id: string) => wire.frames.filter((frame): frame is Response => frame.type === 'res' && frame.id === id)

describe('answers', () => {
  test('§3 any JSON value is a payload; undefined members and an undefined payload are left out', async () => {
    const expected: [method: string, rest: object][] = [
      ['object', { payload: { a: 1, c: null } }],
      ['array', { payload: [1, 2] }],
      ['nothing', {}],
      ['null', { payload: null }],
      ['text', { payload: '"quoted" \u2028 😀' }],
      ['later', { payload: { late: true } }],
      ['serialized', { payload: { made: 'once' } }],
    ]
    for (const [method, rest] of expected)
      assert.deepEqual(await wire.request(method, undefined, { id: method }), { type: 'res', id: method, ok: true, ...rest })
  })

  test('§4.2 a handler that throws or rejects is UNAVAILABLE with the text of the error, without secrets, and a fault of its plugin', async () => {
    const before = control.gateway.inspect().plugins.find(({ name }) => name === 'rows')?.faults.total ?? 0
    const error = async (method: string) => (await wire.request(method)).error
    assert.deepEqual(await error('throws error'), { code: 'UNAVAILABLE', message: 'broke with secret [secret]' })
    assert.deepEqual(await error('throws text'), { code: 'UNAVAILABLE', message: 'just text' })
    assert.equal((await error('rejects nothing'))?.code, 'UNAVAILABLE')
    assert.equal(control.gateway.inspect().plugins.find(({ name }) => name === 'rows')?.faults.total, before + 3)
  })

  test('§4.1 §4.2 a refusal is sent as it is, with details and time to wait, and is no fault', async () => {
    const error = async (method: string) => (await wire.request(method)).error
    const faults = () => control.gateway.inspect().plugins.find(({ name }) => name === 'rows')?.faults.total
    const before = faults()
    assert.deepEqual(await error('refuses'), { code: 'NOT_LINKED', message: 'link it first', details: { how: ['a'] } })
    assert.deepEqual(await error('refuses for now'), { code: 'UNAVAILABLE', message: 'come again', retryable: true, retryAfterMs: 1_500 })
    assert.deepEqual(await error('refuses as the API'), { code: 'INVALID_REQUEST', message: 'no such model' })
    assert.equal(faults(), before)
  })

  test('§8.1 two answers on one id: `accepted`, then the end, good or bad', async () => {
    assert.deepEqual((await wire.request('two stages', {}, { id: 'two', final: true })).payload, { status: 'ok' })
    assert.deepEqual(
      answersOf('two').map(({ payload }) => payload.status),
      ['accepted', 'ok'],
    )
    assert.equal((await wire.request('two stages, then no', {}, { id: 'no', final: true })).error?.message, 'after all not')
    assert.deepEqual(
      answersOf('no').map(({ ok }) => ok),
      [true, false],
    )
  })

  test('§3 every answer has the members of the protocol and no other', async () => {
    const allowed = ['type', 'id', 'ok', 'payload', 'error']
    const errors = ['code', 'message', 'details', 'retryable', 'retryAfterMs']
    for (const frame of wire.frames) {
      if (frame.type !== 'res') continue
      assert.deepEqual(
        Object.keys(frame).filter((key) => !allowed.includes(key)),
        [],
      )
      assert.deepEqual(
        Object.keys(frame.error ?? {}).filter((key) => !errors.includes(key)),
        [],
      )
      assert.equal(frame.ok, frame.error === undefined)
    }
  })
})
