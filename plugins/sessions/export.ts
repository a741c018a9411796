import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sql } from '../contracts/store.js'

import { type Complain, entriesAfter, type Transcript } from './transcript.js'

const entriesAtOnce = 256

/** A transcript as lines of JSON: one about it, then its messages. Read in pieces, as the lines are asked for. */
export function* exportLines(sql: Sql, transcript: Transcript, about: Record<string, unknown>, complain: Complain): Generator<string> {
  yield `${JSON.stringify({ type: 'session', version: 1, sessionId: transcript.id, ...about })}\n`
  for (let after = 0; after < transcript.messages; after += entriesAtOnce) {
    const limit = Math.min(entriesAtOnce, transcript.messages - after)
    for (const entry of entriesAfter(sql, transcript, after, limit, complain)) yield `${JSON.stringify({ type: 'message', ...entry })}\n`
  }
}

/** Write lines to `<folder>/<name>.jsonl`, mode 0600, and answer its path when it is whole and on disk. */
export async function archive(folder: string, name: string, lines: Iterable<string>): Promise<string> {
  const path = join(folder, `${name}.jsonl`)
  const temporary = `${path}.tmp`
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await rm(temporary, { force: true })
  const file = await open(temporary, 'wx', 0o600)
  try {
    for (const line of lines) await file.write(line)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  return path
}
