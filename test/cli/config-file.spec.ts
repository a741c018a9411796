import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { lineOf, loadConfig, watchConfig } from 'openclaw/config'
import { follow, nodeArgs } from './sandbox.js'

describe('configuration file', () => {
  let folder = ''
  let file = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'config-'))
    file = join(folder, 'openclaw.json')
  })
  after(() => rmSync(folder, { recursive: true, force: true }))
  const load = (text: string, variables = {}) => {
    writeFileSync(file, text)
    return loadConfig(file, variables)
  }
  const problems = async (text: string) => (await load(text)).issues.map(({ path, line, message }) => `${path}|${line}|${message}`)

  test('JSON5 in every form it has', async () => {
    const text = `\ufeff// a comment
    { a: 1, 'b': .5, "c": 0x1F, /* more */ d: [true, null, Infinity,], ünï$: 'it\\'s', e: { f: -1e3 }, }`
    const { document, issues, hash, exists } = await load(text)
    assert.deepEqual(document, { a: 1, b: 0.5, c: 31, d: [true, null, Infinity], ünï$: "it's", e: { f: -1000 } })
    assert.deepEqual(issues, [])
    assert.equal(exists, true)
    assert.equal(hash, createHash('sha256').update(text).digest('hex'))
  })

  test('what is no JSON5 is told with line and column, in the words of JSON5', async () => {
    const where: Record<string, string> = {
      '': 'invalid end of input at 1:1',
      '{': 'invalid end of input at 1:2',
      '{\n  gateway: {\n    port: 1,\n': 'invalid end of input at 4:1',
      '{a:': 'invalid end of input at 1:4',
      "{a: 'x": 'invalid end of input at 1:7',
      '[1, 2': 'invalid end of input at 1:6',
      '{a: 1 // end': 'invalid end of input at 1:13',
      '/* open': 'invalid end of input at 1:8',
      '{a 1}': "invalid character '1' at 1:4",
      '{a: 1}}': "invalid character '}' at 1:7",
      '{\n a: 1,, }': "invalid character ',' at 2:7",
      '{a: tru}': "invalid character 't' at 1:5",
      '{a: 1}\u0007': "invalid character '\\u0007' at 1:7",
    }
    for (const [text, expected] of Object.entries(where)) {
      const { issues, document } = await load(text)
      assert.equal(issues[0]?.message, `JSON5 parse failed: SyntaxError: JSON5: ${expected}`, JSON.stringify(text))
      assert.equal(issues[0]?.line, Number(expected.match(/(\d+):\d+$/)?.[1]))
      assert.equal(issues[0]?.file, file)
      assert.deepEqual(document, {})
    }
    assert.match((await problems('['.repeat(300_000)))[0] ?? '', /nested too deeply/)
    assert.match((await problems(`{a: ${'['.repeat(80)}${']'.repeat(80)}}`))[0] ?? '', /Nested deeper than 64 levels/)
    assert.deepEqual(await problems('[1]'), ['|undefined|Invalid input: expected object'])
  })

  test('a key twice is refused, and includes are', async () => {
    assert.deepEqual(await problems('{ a: 1,\n b: { c: 1,\n "c": 2 } }'), ['b.c|3|Duplicate key: "c"'])
    assert.deepEqual(await problems('{ a: {\n $include: "./x" } }'), ['a|2|$include is not supported yet: inline it.'])
    // The loader underneath would follow this one to any file.
    writeFileSync(join(folder, 'other.json'), '{"leaked": true}')
    assert.deepEqual((await load('{ $import: "./other.json" }')).document, { $import: './other.json' })
  })

  test('T-CFG-04 keys that reach a prototype are refused at every depth', async () => {
    for (const key of ['__proto__', 'constructor', 'prototype', '"\\u005f_proto__"', "'constructor'"]) {
      for (const around of ['{ KEY: { polluted: 1 } }', '{ a: { b: [ { KEY: { polluted: 1 } } ] } }', '{ a: 1, KEY: null }']) {
        const { issues, document } = await load(around.replace('KEY', key))
        assert.match(issues[0]?.message ?? '', /^The key "(__proto__|constructor|prototype)" is not allowed\.$/, `${around} ${key}`)
        assert.deepEqual(document, {})
      }
    }
    const module = join(folder, 'pollute.mjs')
    writeFileSync(module, `export default { a: { ['__proto__']: { polluted: 1 } } }`)
    assert.match((await loadConfig(module)).issues[0]?.message ?? '', /"__proto__" is not allowed/)
    assert.equal(({} as { polluted?: unknown }).polluted, undefined)
    assert.deepEqual(Object.keys(Object.prototype), [])
  })

  test('variables are put in; what is unset stays as text and is a warning', async () => {
    const text = '{ a: "${ONE}-${TWO}", b: ["$${ONE}", "$ONE ${one} $"],\n c: { d: "${NOPE} ${EMPTY}" }, "e${ONE}": 1 }'
    const { document, warnings } = await load(text, { ONE: '1', TWO: '$2', EMPTY: '' })
    assert.deepEqual(document, { a: '1-$2', b: ['${ONE}', '$ONE ${one} $'], c: { d: '${NOPE} ${EMPTY}' }, 'e${ONE}': 1 })
    assert.deepEqual(
      warnings.map(({ path, message, line }) => [path, message, line]),
      ['NOPE', 'EMPTY'].map((name) => ['c.d', `Missing env var "${name}" — feature using this value will be unavailable`, 2]),
    )
    const own = await loadConfig(file, ({ b }) => ({ ONE: String(b.length) }))
    assert.equal(own.document['a'], '2-${TWO}', 'the file may define variables')
  })

  test('a missing file, a folder, a file one may not read, YAML', async () => {
    assert.equal((await loadConfig(join(folder, 'none.json'))).exists, false)
    assert.deepEqual((await loadConfig(join(folder, 'none.json'))).issues, [])
    assert.match((await loadConfig(folder)).issues[0]?.message ?? '', /it is a directory, not a file/)
    writeFileSync(join(folder, 'c.yaml'), 'a: 1')
    assert.match((await loadConfig(join(folder, 'c.yaml'))).issues[0]?.message ?? '', /YAML is not supported/)
  })

  test('a module is imported again after an edit', async () => {
    const module = join(folder, 'config.mjs')
    for (const value of [1, 2]) {
      writeFileSync(module, `export default { a: ${value}, b: '\${ONE}', none: undefined }`)
      assert.deepEqual((await loadConfig(module, { ONE: 'x' })).document, { a: value, b: 'x' })
    }
    writeFileSync(module, 'throw new Error("broken on purpose")')
    assert.match((await loadConfig(module)).issues[0]?.message ?? '', /broken on purpose/)
    writeFileSync(module, 'export const nothing = 1')
    assert.notDeepEqual((await loadConfig(module)).issues, [])
  })

  test('a dotted path leads to its line, keys with dots and indices too', async () => {
    const { tree } = await load('{\n a: {\n  "x/y-1.2": {\n   z: 1 },\n  list: [\n   { id: 1 },\n   { id: 2 } ] } }')
    const line = (path: string) => tree && lineOf(tree, path)
    assert.equal(line('a.x/y-1.2.z'), 4)
    assert.equal(line('a.list.1.id'), 7)
    assert.equal(line('a.list[0].id'), 6)
    assert.equal(line('a.list.9.id'), 5, 'the nearest there is')
    assert.equal(line('nowhere'), 1)
  })

  test('T-ENV-02 nothing is read or run from the current directory', async () => {
    const hostile = join(folder, 'hostile')
    mkdirSync(join(hostile, '.config'), { recursive: true })
    mkdirSync(join(hostile, 'node_modules', 'openclaw'), { recursive: true })
    const trap = (name: string) => `require('node:fs').writeFileSync(${JSON.stringify(join(hostile, 'RAN'))}, ${JSON.stringify(name)})`
    for (const name of ['config.js', 'config.cjs', 'config.ts', 'cosmiconfigrc.js', 'openclawrc.js', 'openclawrc.ts'])
      writeFileSync(join(hostile, '.config', name), trap(name))
    for (const name of ['openclaw.config.js', '.openclawrc.js', 'cosmiconfig.config.js']) writeFileSync(join(hostile, name), trap(name))
    writeFileSync(
      join(hostile, 'package.json'),
      '{"cosmiconfig": {"searchPlaces": ["x"]}, "openclaw": {"gateway": {"port": 1}}, "type": "commonjs"}',
    )
    writeFileSync(join(hostile, 'openclaw.json'), '{"gateway": {"port": 1}}')
    writeFileSync(join(hostile, '.env'), 'NAME=from-the-working-directory')
    writeFileSync(file, '{ name: "${NAME}" }')
    const script = join(folder, 'read.mts')
    const source = new URL('../../cli/config/index.ts', import.meta.url).href
    writeFileSync(
      script,
      `import { loadConfig } from ${JSON.stringify(source)}\nconsole.log(JSON.stringify((await loadConfig(${JSON.stringify(file)}, process.env)).document))`,
    )
    const child = follow(spawn(process.execPath, nodeArgs(script), { cwd: hostile, env: { PATH: process.env['PATH'], HOME: folder } }))
    const { stdout, stderr } = await child.finished
    assert.equal(stdout.trim(), '{"name":"${NAME}"}', stderr)
    assert.throws(() => readFileSync(join(hostile, 'RAN')), /ENOENT/)
  })

  test('the watcher hears edits, replacements, swapped links, removal and return, and never overlaps', async () => {
    const place = mkdtempSync(join(folder, 'watch-'))
    const path = join(place, 'openclaw.json')
    writeFileSync(path, '0')
    const stop = new AbortController()
    let calls = 0
    let running = 0
    let overlapped = false
    const errors: unknown[] = []
    await watchConfig(path, {
      debounceMs: () => 10,
      signal: stop.signal,
      failed: (error) => errors.push(error),
      async changed() {
        overlapped ||= ++running > 1
        await sleep(30)
        running--
        if (++calls === 1) throw new Error('a failing callback')
      },
    })
    const steps: [string, () => void][] = [
      ['edit', () => writeFileSync(path, '1')],
      ['replace', () => (writeFileSync(`${path}.tmp`, '2'), renameSync(`${path}.tmp`, path))],
      ['remove', () => rmSync(path)],
      ['return', () => writeFileSync(path, '3')],
      ['link', () => (writeFileSync(join(place, 'real'), '4'), symlinkSync('real', join(place, 'l')), renameSync(join(place, 'l'), path))],
      ['edit behind the link', () => writeFileSync(join(place, 'real'), '5')],
    ]
    for (const [name, step] of steps) {
      const before = calls
      step()
      for (let waited = 0; calls === before && waited < 5_000; waited += 20) await sleep(20)
      assert.ok(calls > before, `not heard: ${name}`)
      await sleep(60)
    }
    assert.deepEqual(errors.map(String), ['Error: a failing callback'])
    assert.equal(overlapped, false)
    const settled = calls
    writeFileSync(join(place, 'neighbour'), 'x')
    await sleep(150)
    assert.equal(calls, settled, 'other files of the folder do not count')
    stop.abort()
    writeFileSync(path, '6')
    await sleep(150)
    assert.equal(calls, settled, 'silent after the signal')
  })
})
