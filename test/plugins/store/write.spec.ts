import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SqlDriver } from '../../../plugins/contracts/store.js'
import { loadDriver } from '../../../plugins/store/driver.js'
import { createWriter, type WriteTrouble } from '../../../plugins/store/writer.js'
import { folderForTest, note, notes, openNotes, readNotes } from './open.js'

/** A driver in memory that notes what is executed, and fails where `refuse` says so. */
async function watchedDriver(refuse: (sql: string) => Error | undefined = () => undefined) {
  const driver = new (await loadDriver())(':memory:')
  for (const step of notes) driver.exec(step)
  const ran: string[] = []
  const watched: SqlDriver = {
    exec: (sql) => driver.exec(sql),
    close: () => driver.close(),
    prepare(sql) {
      const statement = driver.prepare(sql)
      return {
        get: (...values) => statement.get(...values),
        all: (...values) => statement.all(...values),
        iterate: (...values) => statement.iterate(...values),
        run(...values) {
          const error = refuse(sql)
          if (error) throw error
          ran.push(sql)
          return statement.run(...values)
        },
      }
    },
  }
  const troubles: WriteTrouble[] = []
  const database = createWriter(watched, '/state/notes.sqlite', (trouble) => troubles.push(trouble))
  return { database, ran, troubles, commits: () => ran.filter((sql) => sql === 'COMMIT').length }
}

const full = () => Object.assign(new Error('database or disk is full'), { errcode: 13 })

describe('grouped commits', () => {
  test('writes of one turn of the event loop share a commit, in their order', async () => {
    const { database, commits } = await watchedDriver()
    const texts = Array.from({ length: 100 }, (_, at) => `note ${at}`)
    await Promise.all(texts.map((text) => note(database, text)))
    assert.equal(commits(), 1)
    assert.deepEqual(readNotes(database), texts)
    database.close()
  })

  test('a group is bounded, and all of a flood is written', async () => {
    const { database, commits } = await watchedDriver()
    await Promise.all(Array.from({ length: 1_000 }, (_, at) => note(database, `note ${at}`)))
    assert.equal(commits(), 4)
    assert.equal(readNotes(database).length, 1_000)
    database.close()
  })

  test('a write that throws is undone alone and rejects with what it threw', async () => {
    const { database, commits } = await watchedDriver()
    const thrown = new Error('on purpose')
    const failing = database.write((sql) => {
      sql('INSERT INTO notes (text) VALUES (?)').run('half done')
      throw thrown
    })
    const twice = note(database, 'one').then(() => note(database, 'one'))
    const settled = await Promise.allSettled([note(database, 'two'), failing, note(database, 'three')])
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    await assert.rejects(failing, thrown)
    await assert.rejects(twice, /UNIQUE/)
    assert.deepEqual(readNotes(database).sort(), ['one', 'three', 'two'])
    assert.ok(commits() >= 1)
    database.close()
  })

  test('a write sees those before it in the same commit; readers see it when it is committed', async () => {
    const { database } = await watchedDriver()
    const first = note(database, 'one')
    const seen = database.write((sql) => sql('SELECT count(*) AS count FROM notes').get().count)
    assert.deepEqual(readNotes(database), [])
    await first
    assert.equal(await seen, 1)
    database.close()
  })

  test('a write that is not synchronous is refused and undone', async () => {
    const { database } = await watchedDriver()
    const late = database.write(async (sql) => void sql('INSERT INTO notes (text) VALUES (?)').run('late'))
    await assert.rejects(late, { code: 'bad_plugin' })
    assert.deepEqual(readNotes(database), [])
    database.close()
  })

  test('too many waiting writes are refused, not queued', async () => {
    const { database } = await watchedDriver()
    const settled = await Promise.allSettled(Array.from({ length: 5_000 }, (_, at) => note(database, `note ${at}`)))
    const refused = settled.filter((each) => each.status === 'rejected')
    assert.equal(refused.length, 5_000 - 4_096)
    assert.ok(refused.every(({ reason }) => reason.code === 'store_busy' && reason.retryAfterS === 1))
    assert.equal(readNotes(database).length, 4_096)
    database.close()
  })

  test('closing writes what waits; later writes are refused', async () => {
    const folder = await folderForTest()
    const database = await openNotes(folder)
    const waiting = Promise.all([note(database, 'one'), note(database, 'two')])
    database.close()
    await waiting
    await assert.rejects(note(database, 'three'), { code: 'store_failed' })
    assert.deepEqual(readNotes(await openNotes(folder)), ['one', 'two'])
  })
})

describe('a disk that refuses', () => {
  test('T-STATE-01 a commit that fails rejects every write of its group, leaves nothing of it, and the next one works', async () => {
    let failing = true
    const { database, troubles } = await watchedDriver((sql) => (failing && sql === 'COMMIT' ? full() : undefined))
    const settled = await Promise.allSettled([note(database, 'one'), note(database, 'two')])
    for (const each of settled) {
      assert.equal(each.status, 'rejected')
      assert.equal(each.reason.code, 'store_failed')
      assert.match(each.reason.message, /Cannot write \/state\/notes\.sqlite: database or disk is full\. .*free some space/)
    }
    assert.deepEqual(readNotes(database), [])
    await assert.rejects(note(database, 'again'), { code: 'store_failed' })
    failing = false
    await note(database, 'three')
    assert.deepEqual(readNotes(database), ['three'])
    // Told once when it begins and once when it is over, however many writes it concerns.
    assert.deepEqual(
      troubles.map((trouble) => Object.keys(trouble)[0]),
      ['failed', 'recovered'],
    )
    database.close()
  })

  test('a full disk refuses what does not fit, keeps what was acknowledged, and takes more once there is room', async () => {
    const folder = await folderForTest()
    const database = await openNotes(folder)
    database.sql('PRAGMA max_page_count = 40').get()
    const kept: string[] = []
    const fill = async () => {
      for (let at = 0; ; at++) {
        const text = `${at} ${'x'.repeat(3_000)}`
        await note(database, text)
        kept.push(text)
      }
    }
    await assert.rejects(fill(), { code: 'store_failed' })
    assert.ok(kept.length > 5)
    database.sql('PRAGMA max_page_count = 4000').get()
    await note(database, 'fits')
    assert.deepEqual(readNotes(database), [...kept, 'fits'])
    database.close()
    assert.deepEqual(readNotes(await openNotes(folder)), [...kept, 'fits'])
  })
})
