import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeDurably } from '../../cli/config/durable.js'
import { setInText } from '../../cli/config/edit.js'
import { bundle, follow } from './sandbox.js'

describe('writing the configuration', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'durable-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('a new file is 0600 in a folder of 0700, a link stays one, and a write that fails leaves the old', async () => {
    const path = join(folder, 'new', 'state', 'openclaw.json')
    await writeDurably(path, 'one')
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal(statSync(join(folder, 'new', 'state')).mode & 0o777, 0o700)
    const link = join(folder, 'link.json')
    symlinkSync(path, link)
    await writeDurably(link, 'two')
    assert.equal(readFileSync(path, 'utf8'), 'two')
    chmodSync(path, 0o644)
    await writeDurably(path, 'three')
    assert.equal(statSync(path).mode & 0o777, 0o600)
    mkdirSync(join(folder, 'taken', 'full'), { recursive: true })
    await assert.rejects(writeDurably(join(folder, 'taken'), 'x'))
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.tmp')),
      [],
    )
  })

  test('T-CFG-07 a kill at any moment leaves the old or the new file, never another', async () => {
    const path = join(folder, 'killed.json')
    const texts = ['a', 'b'].map((letter) => letter.repeat(300_000))
    writeFileSync(path, texts[0] as string)
    const script = join(folder, 'writer.mjs')
    await bundle({ durable: 'cli/config/durable.ts' }, folder)
    writeFileSync(
      script,
      `import { writeDurably } from './durable.mjs'
       console.log('ready')
       for (let at = 1; ; at++) await writeDurably(${JSON.stringify(path)}, ['a', 'b'][at % 2].repeat(300000))`,
    )
    const seen = new Set<string>()
    const writers = Array.from({ length: 6 }, async (_, at) => {
      const child = follow(spawn(process.execPath, [script], { env: {} }))
      await child.printed(/ready/)
      await sleep(15 + at * 23 + Math.random() * 40)
      await child.stop('SIGKILL')
      const text = readFileSync(path, 'utf8')
      assert.ok(texts.includes(text), `${text.length} characters of neither`)
      seen.add(text)
    })
    await Promise.all(writers)
    assert.ok(seen.size > 0)
    await writeDurably(path, 'last')
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('killed.json.')),
      [],
      'the next writer clears what the killed ones left',
    )
  })

  test('one value is set and every other character stays', () => {
    const at = ['gateway', 'auth', 'token']
    const cases: [string, string][] = [
      ['{}', '{\n  "gateway": {\n    "auth": {\n      "token": "T"\n    }\n  }\n}'],
      ['{ gateway: { auth: { mode: "token" } } }', '{ gateway: { auth: { mode: "token", token: "T" } } }'],
      [
        '{\n  // top\n  gateway: {\n    mode: "local", // keep\n  },\n}\n',
        '{\n  // top\n  gateway: {\n    mode: "local", // keep\n    auth: {\n      "token": "T"\n    },\n  },\n}\n',
      ],
      ['{gateway:{auth:{token:"",mode:"token"/*c*/}}}', '{gateway:{auth:{token:"T",mode:"token"/*c*/}}}'],
      ['{\n  "a": 1\n  // last\n}', '{\n  "a": 1,\n  // last\n  "gateway": {\n    "auth": {\n      "token": "T"\n    }\n  }\n}'],
    ]
    for (const [before, expected] of cases) assert.equal(setInText(before, at, 'T'), expected)
    for (const text of ['{', '[]', '{gateway: 5}', '{gateway: {auth: []}}'])
      assert.throws(() => setInText(text, at, 'T'), { code: 'config_edit' })
  })
})
