/** Writes test/fixtures/store/sessions-v1.sqlite: what the first schema of sessions wrote. Later schemas read it, and never write it anew. */
import { mkdtemp, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { patchSession } from '../../plugins/sessions/edits.js'
import { migrations } from '../../plugins/sessions/migrations.js'
import type { Sql } from '../../plugins/contracts/store.js'
import { beginTurn, finishTurn } from '../../plugins/sessions/turns.js'
import { openDatabase } from '../../plugins/store/open.js'
import { answer, turn } from './turns.js'

export const fixturePath = fileURLToPath(new URL('../fixtures/store/sessions-v1.sqlite', import.meta.url))

const beganAt = 1_700_000_000_000

/** Two sessions: one of two turns, with settings, and one whose run never ended. */
function fill(sql: Sql) {
  const session = (key: string, id: string) => sql('UPDATE transcripts SET id = ? WHERE session = ?').run(id, key)
  const begin = (key: string, text: string, agent: string, at: number) =>
    beginTurn(sql, turn(key, text, { session: agent, agent: 'main' }), beganAt + at)
  begin('first', 'Hello', 'agent:main:main', 0)
  session('agent:main:main', '10000000-0000-4000-8000-000000000001')
  const main = '10000000-0000-4000-8000-000000000001'
  sql('UPDATE runs SET transcript = ?').run(main)
  finishTurn(sql, answer('first', main, 'Hello to you'), beganAt + 100)
  begin('second', 'And “quotes”, \u0000 and 🦞', 'agent:main:main', 200)
  finishTurn(sql, answer('second', main, 'Seen'), beganAt + 300)
  patchSession(sql, 'agent:main:main', 'main', { label: 'Everyday', thinkingLevel: 'low', model: 'fake/one' }, beganAt + 400)
  begin('third', 'Are you there?', 'agent:main:work', 500)
  const work = '20000000-0000-4000-8000-000000000002'
  session('agent:main:work', work)
  sql("UPDATE runs SET transcript = ? WHERE key = 'chat:third'").run(work)
}

export async function writeFixture(path: string) {
  if (migrations.length !== 1) throw new Error('This schema is not the first one: its fixture stays as it is.')
  const folder = await mkdtemp(join(tmpdir(), 'fixture-'))
  try {
    const database = await openDatabase({ name: 'sessions', migrations }, folder, () => {
      throw new Error('nothing should be logged')
    })
    await database.write(fill)
    await mkdir(dirname(path), { recursive: true })
    await rm(path, { force: true })
    database.sql('VACUUM INTO ?').run(path)
    database.close()
  } finally {
    await rm(folder, { recursive: true })
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await writeFixture(fixturePath)
