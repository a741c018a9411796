import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { definePlugin, type Kernel } from 'openclaw/plugin'
import logs from '../../../plugins/logs/index.js'
import { withPositions } from '../../../plugins/logs/positional.js'
import { readTail } from '../../../plugins/logs/tail.js'
import { bootControl } from '../../support/control.js'
import { connectOperator } from '../../support/operator.js'

let root = ''
let count = 0
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'tail-'))
})
after(() => rm(root, { recursive: true, force: true }))

const fileWith = async (text: string) => {
  const path = join(root, `file-${count++}`)
  await writeFile(path, text)
  return path
}
const tail = (path: string, params: { cursor?: number; limit?: number; maxBytes?: number } = {}) =>
  readTail(path, { limit: 500, maxBytes: 250_000, ...params })

describe('tail of a file', () => {
  test('a missing file and an empty one have no lines', async () => {
    const missing = join(root, 'missing')
    const nothing = { cursor: 0, size: 0, lines: [], truncated: false, reset: false }
    assert.deepEqual(await tail(missing), { file: missing, ...nothing })
    assert.deepEqual(await tail(missing, { cursor: 7 }), { file: missing, ...nothing, reset: true })
    const empty = await fileWith('')
    assert.deepEqual(await tail(empty), { file: empty, ...nothing })
  })

  test('the cursor leads on from line to line, and never into one that is being written', async () => {
    const path = await fileWith('one\ntwo\nthr')
    const first = await tail(path)
    assert.deepEqual([first.lines, first.cursor, first.size], [['one', 'two'], 8, 11])
    await appendFile(path, 'ee\nfour\n')
    const next = await tail(path, { cursor: first.cursor })
    assert.deepEqual([next.lines, next.cursor, next.reset, next.truncated], [['three', 'four'], 19, false, false])
    const last = await tail(path, { cursor: next.cursor })
    assert.deepEqual([last.lines, last.cursor, last.reset], [[], 19, false])
  })

  test('a partial first line is dropped, a whole one is not', async () => {
    const path = await fileWith('first\nsecond\nthird\n')
    assert.deepEqual((await tail(path, { maxBytes: 10 })).lines, ['third'])
    assert.deepEqual((await tail(path, { maxBytes: 13 })).lines, ['second', 'third'])
    assert.deepEqual((await tail(path, { cursor: 8 })).lines, ['third'])
    assert.deepEqual((await tail(path, { maxBytes: 3 })).lines, [])
    assert.equal((await tail(path, { maxBytes: 10 })).truncated, true)
    assert.equal((await tail(path, { maxBytes: 19 })).truncated, false)
  })

  test('the newest lines win when there are too many', async () => {
    const path = await fileWith('1\n2\n3\n4\n')
    const { lines, cursor } = await tail(path, { limit: 2 })
    assert.deepEqual([lines, cursor], [['3', '4'], 8])
  })

  test('more than fits since the cursor, and a file that shrank, begin anew and say so', async () => {
    const path = await fileWith('aaaa\nbbbb\ncccc\n')
    const much = await tail(path, { cursor: 0, maxBytes: 10 })
    assert.deepEqual([much.lines, much.reset, much.truncated, much.cursor], [['bbbb', 'cccc'], true, true, 15])
    await writeFile(path, 'new\n')
    const rotated = await tail(path, { cursor: 15 })
    assert.deepEqual([rotated.lines, rotated.reset, rotated.truncated, rotated.cursor], [['new'], true, false, 4])
  })

  test('characters of several bytes are never torn', async () => {
    const text = Array.from({ length: 40 }, (_, index) => `${'äöü€😀'.repeat(3)}${index}`)
    const path = await fileWith(`${text.join('\n')}\n`)
    for (let maxBytes = 1; maxBytes < 200; maxBytes++) {
      const { lines } = await tail(path, { maxBytes })
      assert.deepEqual(lines, text.slice(text.length - lines.length))
    }
  })
})

describe('positions of a line', () => {
  test('stock members stand beside our own', () => {
    const line = '{"time":"2026-01-31T12:00:00.000Z","level":"warn","from":"http","msg":"served","status":500}'
    const translated = JSON.parse(withPositions(line))
    assert.deepEqual(translated, {
      ...JSON.parse(line),
      0: '{"subsystem":"http"}',
      1: 'served {"status":500}',
      _meta: { logLevelName: 'WARN', date: '2026-01-31T12:00:00.000Z' },
    })
    const bare = JSON.parse(withPositions('{"time":"t","level":"info","from":"a","msg":"m"}'))
    assert.equal(bare[1], 'm')
  })

  test('what is not a line of ours stays as it is', () => {
    for (const line of ['', 'plain', '{broken}', '{}', '[1]', 'null', '{"time":1,"level":"info","from":"a","msg":"m"}'])
      assert.equal(withPositions(line), line)
  })
})

describe('logs.tail', () => {
  const boot = async (config: object = {}) => {
    const held: { kernel?: Kernel } = {}
    const talker = definePlugin({
      api: 1,
      name: 'talker',
      apply: (kernel) => {
        held.kernel = kernel
      },
    })
    const state = join(root, `state-${count++}`)
    const control = await bootControl({ plugins: [{ plugin: logs, config }, talker], paths: { state } })
    const client = await connectOperator(control.url, { token: control.token, scopes: ['operator.read'] })
    return { control, client, kernel: held.kernel as Kernel, file: join(state, 'logs', 'gateway.jsonl') }
  }
  const messages = (lines: string[]) => lines.map((line) => JSON.parse(line).msg as string)

  test('what was logged a moment ago is there, and the cursor gives only what is newer', async () => {
    const { client, kernel, file } = await boot()
    kernel.log.warn('the first thing')
    const first = await client.call('logs.tail')
    assert.equal(first.file, file)
    assert.equal(messages(first.lines).at(-1), 'the first thing')
    assert.equal(first.cursor, first.size)
    kernel.log.warn('the second thing')
    const next = await client.call('logs.tail', { cursor: first.cursor })
    assert.deepEqual(messages(next.lines), ['the second thing'])
    assert.equal(Buffer.byteLength(await readFile(file)), next.size)
  })

  test('a rotated file is noticed', async () => {
    const { client, kernel } = await boot({ maxFileBytes: 65_536, maxFiles: 1 })
    for (let index = 0; index < 60; index++) kernel.log.warn(`${index} ${'x'.repeat(1_000)}`)
    const { cursor } = await client.call('logs.tail')
    for (let index = 0; index < 8; index++) kernel.log.warn(`later ${index} ${'y'.repeat(1_000)}`)
    await client.call('logs.tail')
    kernel.log.warn('after the rotation')
    const rotated = await client.call('logs.tail', { cursor })
    assert.equal(rotated.reset, true)
    assert.ok(rotated.size < cursor)
    assert.equal(messages(rotated.lines).at(-1), 'after the rotation')
  })

  test('T-SCOPE-09 a text that became a secret after it was logged does not show', async () => {
    const { client, kernel } = await boot()
    kernel.log.warn('heard canary-7f3a9 on the wire')
    await client.call('logs.tail')
    await kernel.secret('canary-7f3a9')
    kernel.log.warn('and canary-7f3a9 again')
    const { lines } = await client.call('logs.tail')
    assert.ok(!lines.join().includes('canary-7f3a9'))
    assert.equal(lines.filter((line: string) => line.includes('[secret]')).length, 2)
  })

  test('a file that cannot be read is said to be, and is nobody’s fault', async () => {
    const { client, control } = await boot({ file: root })
    const { error } = await client.request('logs.tail')
    assert.equal(error?.code, 'UNAVAILABLE')
    assert.match(error?.message ?? '', /cannot read .*EISDIR/)
    assert.equal(control.gateway.inspect().plugins.find(({ name }) => name === 'logs')?.faults.total, 0)
  })

  test('parameters have limits, and the read scope is needed', async () => {
    const { client, control } = await boot()
    for (const params of [
      { limit: 0 },
      { limit: 5_001 },
      { maxBytes: 0 },
      { maxBytes: 1_000_001 },
      { cursor: -1 },
      { cursor: 1.5 },
      { x: 1 },
    ])
      assert.equal((await client.request('logs.tail', params)).error?.code, 'INVALID_REQUEST', JSON.stringify(params))
    const nobody = await connectOperator(control.url, { token: control.token, scopes: [] })
    assert.equal((await nobody.request('logs.tail')).error?.message, 'missing scope: operator.read')
  })
})
