import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { definePlugin, defineSchema } from 'openclaw/plugin'
import { changedPaths, type Entry, pendingPaths, plan } from '../../core/plan.js'

const schema = defineSchema({
  type: 'object',
  properties: {
    level: { type: 'string', 'x-reload': 'live' },
    file: { type: 'string', 'x-reload': 'process' },
    size: { type: 'number' },
    nested: { type: 'object', 'x-reload': 'live', properties: { deep: { type: 'object', properties: { x: { type: 'number' } } } } },
    byName: { type: 'object', additionalProperties: { type: 'object', properties: { hot: { 'x-reload': 'live', type: 'number' } } } },
  },
})
const a = definePlugin({ api: 1, name: 'a', schema, apply: () => undefined })
const b = definePlugin({ api: 1, name: 'b', schema, apply: () => undefined })
const entry = (plugin: typeof a, config: object): Entry => ({ plugin, config, section: 'x.y', origin: 'bundled' })
const actions = (running: Entry[], wanted: Entry[]) => plan(running, wanted).map(({ name, action }) => [name, action])

describe('plan', () => {
  test('equal config keeps, any other change replaces, absence removes, novelty adds', () => {
    assert.deepEqual(actions([entry(a, { size: 1 })], [entry(a, { size: 1 })]), [['a', 'keep']])
    assert.deepEqual(actions([entry(a, { size: 1 })], [entry(a, { size: 2 })]), [['a', 'replace']])
    assert.deepEqual(actions([entry(a, {})], [entry(b, {})]), [
      ['b', 'add'],
      ['a', 'remove'],
    ])
  })
  test('another plugin object under the same name replaces', () => {
    assert.deepEqual(actions([entry(a, {})], [entry({ ...a }, {})]), [['a', 'replace']])
  })
  test('live paths update in place; one plugin path beside them replaces', () => {
    assert.deepEqual(actions([entry(a, { level: 'x' })], [entry(a, { level: 'y' })]), [['a', 'update']])
    assert.deepEqual(actions([entry(a, { nested: { deep: { x: 1 } } })], [entry(a, { nested: { deep: { x: 2 } } })]), [['a', 'update']])
    assert.deepEqual(actions([entry(a, { byName: { k: { hot: 1 } } })], [entry(a, { byName: { k: { hot: 2 } } })]), [['a', 'update']])
    assert.deepEqual(actions([entry(a, { level: 'x', size: 1 })], [entry(a, { level: 'y', size: 2 })]), [['a', 'replace']])
  })
  test('process paths wait and are reported; what else changed is still applied', () => {
    const running = [entry(a, { file: '1', level: 'x' })]
    const waits = [entry(a, { file: '2', level: 'x' })]
    assert.deepEqual(actions(running, waits), [['a', 'keep']])
    assert.deepEqual(pendingPaths(plan(running, waits), waits), ['x.y.file'])
    const both = [entry(a, { file: '2', level: 'y' })]
    assert.deepEqual(actions(running, both), [['a', 'update']])
    assert.deepEqual(pendingPaths(plan(running, both), both), ['x.y.file'])
  })
  test('changed paths are the shallowest that differ; arrays compare as a whole', () => {
    const before = { a: 1, b: { c: [1, 2], d: { e: 1 } } }
    assert.deepEqual(changedPaths(before, { a: 1, b: { c: [1, 3], d: { e: 1 } } }, 'r'), ['r.b.c'])
    assert.deepEqual(changedPaths(before, { a: 1, b: { c: [1, 2] } }, 'r'), ['r.b.d'])
    assert.deepEqual(changedPaths(before, structuredClone(before), 'r'), [])
  })
})
