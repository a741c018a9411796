import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { closed, text } from '../../../plugins/contracts/methods.js'
import { bootControl, type Control } from '../../support/control.js'
import { connectOperator, type Wire } from '../../support/operator.js'

let control: Control
before(async () => {
  control = await bootControl({
    methods: {
      'test.optional': { scope: null, params: closed({ a: text }), handler: ({ params }) => ({ params }) },
      'test.required': { scope: null, params: closed({ a: text, b: { type: 'integer', minimum: 1 } }, ['a', 'b']), handler: () => null },
      'test.nested': {
        scope: null,
        params: closed({ list: { type: 'array', items: { ...closed({ id: text }, ['id']) } } }),
        handler: () => null,
      },
      'test.open': { scope: null, handler: ({ params }) => ({ params }) },
    },
  })
})
after(() => control.gateway.close())

describe('params', () => {
  let wire: Wire
  before(async () => {
    wire = await connectOperator(control.url, { token: control.token })
  })
  const message = async (method: string, params?: unknown) => (await wire.request(method, params)).error?.message

  test('§1.3 absent or null params are an empty object', async () => {
    for (const params of [undefined, null]) {
      assert.deepEqual((await wire.request('test.optional', params)).payload, { params: {} })
      assert.deepEqual((await wire.request('test.open', params)).payload, { params: {} })
    }
  })

  test('§1.3 params that are no object fail a method that validates, and are ignored by one that does not', async () => {
    for (const params of [[], 'text', 1, true]) {
      assert.equal(await message('test.optional', params), 'invalid test.optional params: must be object')
      assert.equal((await wire.request('test.open', params)).ok, true)
    }
  })

  test('§1.3 §4.3 §10 the problems are told in the words that clients know', async () => {
    const expected: [method: string, params: unknown, text: string][] = [
      ['test.required', {}, "must have required property 'a'; must have required property 'b'"],
      ['test.required', { a: '', b: 0 }, 'at /a: must NOT have fewer than 1 characters; at /b: must be >= 1'],
      ['test.required', { a: 1, b: 1.5 }, 'at /a: must be string; at /b: must be integer'],
      ['test.required', { a: null, b: 1 }, 'at /a: must be string'],
      ['test.optional', { z: 1 }, "at root: unexpected property 'z'"],
      ['test.optional', { __proto__x: 1, a: 'x' }, "at root: unexpected property '__proto__x'"],
      ['test.nested', { list: [{ id: 'x', more: 1 }] }, "at /list/0: unexpected property 'more'"],
      ['test.nested', { list: [{}, {}] }, "at /list/0: must have required property 'id'; at /list/1: must have required property 'id'"],
    ]
    for (const [method, params, words] of expected) assert.equal(await message(method, params), `invalid ${method} params: ${words}`)
  })
})
