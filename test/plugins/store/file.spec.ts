import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadDriver } from '../../../plugins/store/driver.js'
import { folderForTest, type Logged, note, notes, openNotes, readNotes } from './open.js'

const second = [...notes, "ALTER TABLE notes ADD COLUMN kind TEXT NOT NULL DEFAULT 'plain'"]
const modeOf = async (path: string) => (await stat(path)).mode & 0o777

/** A closed database of three notes. Answers its path. */
async function written(folder: string): Promise<string> {
  const database = await openNotes(folder)
  for (const text of ['one', 'two', 'three']) await note(database, text)
  database.close()
  return join(folder, 'notes.sqlite')
}

describe('the file', () => {
  test('is private, durable and ours', async () => {
    const folder = await folderForTest()
    const database = await openNotes(join(folder, 'state'))
    await note(database, 'one')
    assert.equal(database.path, join(folder, 'state', 'notes.sqlite'))
    assert.equal(await modeOf(join(folder, 'state')), 0o700)
    for (const ending of ['', '-wal', '-shm']) assert.equal(await modeOf(database.path + ending), 0o600, ending)
    const pragma = (name: string) => Object.values(database.sql(`PRAGMA ${name}`).get())[0]
    assert.deepEqual(['journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout', 'application_id', 'user_version'].map(pragma), [
      'wal',
      2,
      1,
      1_000,
      0x4f434c57,
      1,
    ])
  })

  test('one that others could read is made private', async () => {
    const folder = await folderForTest()
    await writeFile(join(folder, 'notes.sqlite'), '', { mode: 0o644 })
    await openNotes(folder)
    assert.equal(await modeOf(join(folder, 'notes.sqlite')), 0o600)
  })

  test('without a directory all is in memory', async () => {
    const database = await openNotes(undefined)
    await note(database, 'one')
    assert.equal(database.path, '')
    assert.deepEqual(readNotes(database), ['one'])
  })

  test('loading the driver warns of nothing', async () => {
    const driver = new URL('../../../plugins/store/driver.ts', import.meta.url).href
    const code = `const { loadDriver } = await import(${JSON.stringify(driver)}); new (await loadDriver())(':memory:').close(); process.emitWarning('another')`
    const args = ['-C', 'openclaw-source', '--import', 'tsx', '--input-type=module', '-e', code]
    const cwd = fileURLToPath(new URL('../../..', import.meta.url))
    const said = await new Promise<string>((resolve, reject) => {
      execFile(process.execPath, args, { cwd }, (error, _out, err) => (error ? reject(error) : resolve(err)))
    })
    assert.doesNotMatch(said, /sqlite/i)
    assert.match(said, /another/)
  })
})

describe('schema versions', () => {
  test('an older file is copied, then led to the newest version', async () => {
    const folder = await folderForTest()
    const path = await written(folder)
    const database = await openNotes(folder, second)
    assert.equal(database.sql('PRAGMA user_version').get().user_version, 2)
    assert.equal(database.sql("SELECT count(*) AS count FROM notes WHERE kind = 'plain'").get().count, 3)
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.includes('bak') || name.includes('tmp')),
      ['notes.sqlite.v1.bak'],
    )
    assert.equal(await modeOf(`${path}.v1.bak`), 0o600)
    const copy = new (await loadDriver())(`${path}.v1.bak`)
    assert.equal(copy.prepare('PRAGMA user_version').get().user_version, 1)
    assert.equal(copy.prepare('SELECT count(*) AS count FROM notes').get().count, 3)
    copy.close()
  })

  test('a migration that fails changes nothing, and the next start tries anew', async () => {
    const folder = await folderForTest()
    const path = await written(folder)
    const broken = [...second, 'CREATE TABLE more (n INTEGER); INSERT INTO nowhere VALUES (1)']
    await assert.rejects(openNotes(folder, broken), { code: 'store_failed', message: /notes\.sqlite.*nowhere/ })
    const database = await openNotes(folder)
    assert.equal(database.sql('PRAGMA user_version').get().user_version, 1)
    assert.deepEqual(readNotes(database), ['one', 'two', 'three'])
    database.close()
    assert.equal((await openNotes(folder, second)).sql('PRAGMA user_version').get().user_version, 2)
    assert.equal(path, database.path)
  })

  test('a file of a newer version is refused with the remedy, and left as it is', async () => {
    const folder = await folderForTest()
    const newer = await openNotes(folder, second)
    await note(newer, 'one')
    newer.close()
    const path = join(folder, 'notes.sqlite')
    const before = await readFile(path)
    await assert.rejects(openNotes(folder), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'store_newer')
      assert.match(error.message, /notes\.sqlite has schema 2; this version knows 1\. .*Run that version/)
      return true
    })
    assert.deepEqual(await readFile(path), before)
    assert.deepEqual(readNotes(await openNotes(folder, second)), ['one'])
  })
})

describe('T-STATE-01 a damaged file is set aside, named in the log, and a new one begun', () => {
  const damages: Record<string, (bytes: Buffer) => Buffer> = {
    'no database at all': () => Buffer.from('this is no database'.repeat(500)),
    'a header that was overwritten': (bytes) => Buffer.concat([Buffer.alloc(100, 0xff), bytes.subarray(100)]),
    'cut in the middle of a page': (bytes) => bytes.subarray(0, bytes.length - 1_000),
    'cut after its first page': (bytes) => bytes.subarray(0, 4_096),
    'a page of noise': (bytes) => Buffer.concat([bytes.subarray(0, 4_096), Buffer.alloc(4_096, 0xa5), bytes.subarray(8_192)]),
  }
  for (const [what, damage] of Object.entries(damages)) {
    test(what, async () => {
      const folder = await folderForTest()
      const path = await written(folder)
      const bytes = damage(await readFile(path))
      await writeFile(path, bytes)
      const log: Logged[] = []
      const database = await openNotes(folder, notes, log)
      const [aside] = (await readdir(folder)).filter((name) => /^notes\.sqlite\.damaged-\d{8}T\d{9}Z$/.test(name))
      assert.ok(aside)
      assert.deepEqual(await readFile(join(folder, aside)), bytes)
      const errors = log.filter(({ level }) => level === 'error')
      assert.equal(errors.length, 1)
      assert.match(errors[0]?.message ?? '', /notes\.sqlite is damaged .* is kept as .*\.damaged-.* "sqlite3 .* \.recover"/)
      assert.ok(errors[0]?.message.includes(join(folder, aside)))
      assert.deepEqual(readNotes(database), [])
      await note(database, 'anew')
      assert.deepEqual(readNotes(database), ['anew'])
    })
  }

  test('the database of another program', async () => {
    const folder = await folderForTest()
    const other = new (await loadDriver())(join(folder, 'notes.sqlite'))
    other.exec('CREATE TABLE notes (other TEXT)')
    other.close()
    const log: Logged[] = []
    const database = await openNotes(folder, notes, log)
    assert.match(log[0]?.message ?? '', /another program/)
    await note(database, 'one')
    assert.equal((await readdir(folder)).filter((name) => name.includes('.damaged-')).length, 1)
  })
})

describe('T-STATE-01 a log that was cut', () => {
  test('opens at every length with a prefix of what was committed', async () => {
    const folder = await folderForTest()
    const database = await openNotes(folder)
    const texts = Array.from({ length: 16 }, (_, at) => `note ${at} ${'y'.repeat(at * 40)}`)
    for (const text of texts) await note(database, text)
    const main = await readFile(database.path)
    const log = await readFile(`${database.path}-wal`)
    assert.ok(log.length > 16 * 4_096)
    const frame = 24 + 4_096
    const lengths = new Set<number>([0, 1, 31, 32, 33, log.length - 1, log.length])
    for (let at = 32; at < log.length; at += frame) for (const off of [0, 24, 2_000]) lengths.add(Math.min(at + off, log.length))
    let before = 0
    for (const length of [...lengths].sort((a, b) => a - b)) {
      const found = await reopened(main, log.subarray(0, length))
      assert.deepEqual(found, texts.slice(0, found.length), `cut at ${length}`)
      assert.ok(found.length >= before, `cut at ${length}`)
      before = found.length
    }
    assert.equal(before, texts.length)
  })

  test('a flipped bit ends it there', async () => {
    const folder = await folderForTest()
    const database = await openNotes(folder)
    const texts = Array.from({ length: 12 }, (_, at) => `note ${at}`)
    for (const text of texts) await note(database, text)
    const main = await readFile(database.path)
    const log = await readFile(`${database.path}-wal`)
    for (let at = 2_000; at < log.length; at += 5_003) {
      const flipped = Buffer.from(log)
      flipped[at] = (flipped[at] as number) ^ 0x10
      const found = await reopened(main, flipped)
      assert.deepEqual(found, texts.slice(0, found.length), `bit at ${at}`)
      assert.ok(found.length < texts.length, `bit at ${at}`)
    }
  })
})

/** The notes of a database with these files, once it is opened, written to and opened again. */
async function reopened(main: Buffer, log: Buffer): Promise<string[]> {
  const folder = await folderForTest()
  await writeFile(join(folder, 'notes.sqlite'), main)
  await writeFile(join(folder, 'notes.sqlite-wal'), log)
  const logged: Logged[] = []
  const database = await openNotes(folder, notes, logged)
  const found = readNotes(database)
  await note(database, 'after')
  database.close()
  const again = await openNotes(folder, notes, logged)
  assert.deepEqual(readNotes(again), [...found, 'after'])
  again.close()
  assert.deepEqual(logged, [])
  return found
}
