import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { costOf, worstCase } from '../../../plugins/usage/price.js'
import { priced, usageOf } from './boot.js'

const prices = { input: 2, output: 8, cacheRead: 0.5 }

describe('what a call costs', () => {
  test('each kind of token at its price, cached ones counted once', () => {
    const cost = costOf(usageOf(1_000, 100, 600), prices)
    assert.deepEqual(
      [cost.input, cost.cacheRead, cost.output, cost.inputNanos, cost.cacheReadNanos, cost.outputNanos, cost.missing],
      [400, 600, 100, 800_000, 300_000, 800_000, 0],
    )
  })

  test('cached tokens without a price of their own cost as much as others', () =>
    assert.equal(costOf(usageOf(10, 0, 10), { input: 2, output: 8 }).cacheReadNanos, 20_000))

  test('small prices add up: nothing is rounded to a cent or a millionth', () =>
    assert.equal(costOf(usageOf(1, 0), { input: 0.02, output: 0 }).inputNanos, 20))

  test('without a price tokens are counted and the cost is missing', () => {
    const cost = costOf(usageOf(10, 5), undefined)
    assert.deepEqual([cost.input, cost.output, cost.inputNanos, cost.outputNanos, cost.missing], [10, 5, 0, 0, 1])
  })

  test('what a server should not send counts as nothing', () => {
    for (const odd of [-5, Number.NaN, Number.POSITIVE_INFINITY, 1e300]) {
      const cost = costOf(usageOf(odd, odd, odd), prices)
      assert.deepEqual([cost.input, cost.output, cost.cacheRead], [0, 0, 0])
    }
    assert.equal(costOf(usageOf(10, 0, 50), prices).input, 0)
  })
})

describe('what a call may cost at most', () => {
  const most = (change: object, request: object = {}) =>
    worstCase({ model: { ...priced, cost: prices, ...change }, inputChars: 999, maxTokens: undefined, ...request }, prices, 100)

  test('half of the characters of input, rounded up, and the longest answer that anybody allows', () => {
    assert.deepEqual(most({}), { inputNanos: 500 * 2_000, outputNanos: 100 * 8_000 })
    assert.equal(most({ maxTokens: 50 }).outputNanos, 50 * 8_000)
    assert.equal(most({ maxTokens: 5_000 }).outputNanos, 5_000 * 8_000)
    assert.equal(most({ maxTokens: 50 }, { maxTokens: 20 }).outputNanos, 20 * 8_000)
    assert.equal(most({ maxTokens: 50 }, { maxTokens: 70 }).outputNanos, 50 * 8_000, 'a larger request is lowered to what the model can')
  })

  test('never more than the window of the model', () =>
    assert.deepEqual(most({ contextWindow: 90 }), { inputNanos: 90 * 2_000, outputNanos: 90 * 8_000 }))

  test('an embedding has no answer to pay for', () => assert.equal(most({ kind: 'embedding' }).outputNanos, 0))

  test('it is no less than what real text turns out to cost', () => {
    // Characters and tokens of texts as a common tokeniser counts them.
    for (const [inputChars, promptTokens] of [
      [4_000, 1_010],
      [3_200, 1_090],
      [2_048, 1_000],
    ] as const)
      assert.ok(most({}, { inputChars }).inputNanos >= costOf(usageOf(promptTokens, 0), prices).inputNanos)
  })
})
