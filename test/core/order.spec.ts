import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Access, definePlugin, defineService, optional, type Plugin } from 'openclaw/plugin'
import { order } from '../../core/order.js'

const Store = defineService<object>('store')
const Cache = defineService<object>('cache')
const plugin = (name: string, requires: readonly any[] = [], provides: readonly any[] = []): { plugin: Plugin } => ({
  plugin: definePlugin({ api: 1, name, requires, provides, apply: () => undefined }),
})
const names = (uses: readonly { plugin: Plugin }[]) => uses.map((use) => use.plugin.name)

describe('order', () => {
  test('a plugin comes after the ones it requires, otherwise as given', () => {
    const { ordered, problems } = order([plugin('c', [Store]), plugin('a'), plugin('b', [], [Store])])
    assert.deepEqual(names(ordered), ['a', 'b', 'c'])
    assert.deepEqual(problems, [])
  })
  test('an optional service orders when somebody provides it, and does not matter otherwise', () => {
    assert.deepEqual(names(order([plugin('a', [optional(Store)]), plugin('b', [], [Store])]).ordered), ['b', 'a'])
    assert.deepEqual(names(order([plugin('a', [optional(Store)])]).ordered), ['a'])
  })
  test('optional services in a circle do not keep anybody out', () => {
    const { ordered, problems } = order([plugin('a', [optional(Store)], [Cache]), plugin('b', [Cache], [Store])])
    assert.deepEqual(names(ordered), ['a', 'b'])
    assert.deepEqual(problems, [])
  })
  test('what the kernel provides is there', () => {
    assert.deepEqual(names(order([plugin('a', [Access])]).ordered), ['a'])
  })
  test('a missing service, a second provider, a name twice and a circle are named, and what needs them goes too', () => {
    const message = (uses: { plugin: Plugin }[]) => order(uses).problems.map(({ error }) => error.message)
    assert.deepEqual(message([plugin('a', [Store])]), ['Plugin "a" needs "store", which no enabled plugin provides.'])
    assert.match(message([plugin('a', [], [Store]), plugin('b', [], [Store])])[0] ?? '', /"b" provides "store", which plugin "a" already/)
    assert.match(message([plugin('a'), plugin('a')])[0] ?? '', /"a" is listed twice/)
    const circle = order([plugin('a', [Store], [Cache]), plugin('b', [Cache], [Store]), plugin('c')])
    assert.deepEqual(names(circle.ordered), ['c'])
    assert.deepEqual(names(circle.problems.map(({ entry }) => entry)), ['a', 'b'])
    assert.match(circle.problems[0]?.error.message ?? '', /needs "store", whose plugin "b" cannot run/)
  })
})
