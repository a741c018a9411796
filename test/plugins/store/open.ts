import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { LogRecord } from 'openclaw'
import { openDatabase } from '../../../plugins/store/open.js'
import type { OpenDatabase } from '../../../plugins/store/writer.js'

/** A table of notes, the first schema of these tests. */
export const notes = ['CREATE TABLE notes (n INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT']

const opened = new Set<OpenDatabase>()
after(() => {
  for (const database of opened) database.close()
})

/** A directory that is removed at the end of the file. */
export async function folderForTest(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'store-'))
  after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export type Logged = Pick<LogRecord, 'level' | 'message'>

/** Open `notes.sqlite` in a folder, as the plugin does. What it logs goes to `log`. */
export async function openNotes(folder: string | undefined, migrations = notes, log: Logged[] = []): Promise<OpenDatabase> {
  const record = (level: LogRecord['level']) => (message: string) => void log.push({ level, message })
  const all = { trace: record('trace'), debug: record('debug'), info: record('info'), warn: record('warn'), error: record('error') }
  const database = await openDatabase({ name: 'notes', migrations }, folder, () => ({ ...all, fatal: record('fatal') }))
  opened.add(database)
  return database
}

export const note = (database: OpenDatabase, text: string) =>
  database.write((sql) => void sql('INSERT INTO notes (text) VALUES (?)').run(text))

export const readNotes = (database: OpenDatabase): string[] =>
  database
    .sql('SELECT text FROM notes ORDER BY n')
    .all()
    .map(({ text }) => text)
