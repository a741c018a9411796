import { crc32 } from 'node:zlib'
import type { Entry, Message } from '../contracts/sessions.js'
import type { Sql } from '../contracts/store.js'

/** A message as it is stored. */
interface StoredMessage {
  readonly seq: number
  readonly body: string
  readonly crc: number
}

/** A transcript to add to or to read. */
export interface Transcript {
  readonly n: number
  readonly id: string
  readonly messages: number
}

/** Told of a message that cannot be read. */
export type Complain = (transcript: string, seq: number) => void

/**
 * Entry id of a position: 8 hex digits, different for each of the 2³² positions, as multiplying by an odd number only
 * reorders them; and different from those of other transcripts.
 */
export function entryId(transcript: string, seq: number): string {
  const mixed = Math.imul(seq, 0x9e37_79b1) ^ Number.parseInt(transcript.slice(0, 8), 16)
  return (mixed >>> 0).toString(16).padStart(8, '0')
}

/** Append messages and count them. */
export function append(sql: Sql, { n, id, messages }: Transcript, added: readonly Message[]): Entry[] {
  const insert = sql('INSERT INTO messages (transcript, seq, body, crc) VALUES (?, ?, ?, ?)')
  const entries = added.map((message, at): Entry => {
    const seq = messages + at + 1
    const body = JSON.stringify(message)
    insert.run(n, seq, body, crc32(body))
    return { id: entryId(id, seq), seq, message }
  })
  if (entries.length > 0) sql('UPDATE transcripts SET messages = ? WHERE n = ?').run(messages + entries.length, n)
  return entries
}

/** Entries with `after` < seq, `limit` at most, oldest first. One that is damaged is left out and complained of. */
export function entriesAfter(sql: Sql, { n, id }: Transcript, after: number, limit: number, complain: Complain): Entry[] {
  const rows: StoredMessage[] = sql('SELECT seq, body, crc FROM messages WHERE transcript = ? AND seq > ? ORDER BY seq LIMIT ?').all(
    n,
    after,
    limit,
  )
  return rows.flatMap(({ seq, body, crc }) => {
    const message = soundMessage(body, crc)
    if (message) return [{ id: entryId(id, seq), seq, message }]
    complain(id, seq)
    return []
  })
}

function soundMessage(body: string, crc: number): Message | undefined {
  return crc32(body) === crc ? JSON.parse(body) : undefined
}
