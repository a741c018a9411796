import { open, rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Offline } from '../contracts/offline.js'
import type { Sql } from '../contracts/store.js'
import { exportLines } from './export.js'
import { agentOfKey, canonicalKey } from './keys.js'
import { defaultAgent } from './list-command.js'
import { storedSession } from './rows.js'

/** `sessions export <key>`: reads the file, whether or not the gateway runs. Exit code 1 when there is no such session. */
export async function run(context: Offline, [given = '']: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  const key = canonicalKey(given, defaultAgent((await context.config()).effective))
  const complain = (transcript: string, seq: number) => out.error(`Message ${seq} of transcript ${transcript} is damaged and left out.`)
  const count = await context.readDatabase('sessions', async (sql) => {
    const lines = linesOf(sql, key, complain)
    if (!lines) return undefined
    if (options['out'] !== undefined) return writeLines(resolve(options['out']), lines)
    for (const line of lines) out.print(line.trimEnd())
    return 0
  })
  if (count === undefined) {
    out.error(`session not found: ${given}`)
    return 1
  }
  if (options['out'] !== undefined) out.print(`Exported ${count - 1} messages to ${options['out']}`)
  return 0
}

function linesOf(sql: Sql, key: string, complain: (transcript: string, seq: number) => void): Iterable<string> | undefined {
  const row = storedSession(sql, key)
  if (!row) return undefined
  const { transcript: n, id, messages, created_at: createdAt, updated_at: updatedAt } = row
  return exportLines(sql, { n, id, messages }, { key, agent: agentOfKey(key), createdAt, updatedAt }, complain)
}

/** The file appears when it is whole. Answers the number of lines. */
async function writeLines(path: string, lines: Iterable<string>): Promise<number> {
  const draft = `${path}.${process.pid}.tmp`
  const file = await open(draft, 'wx', 0o600)
  let count = 0
  try {
    for (const line of lines) {
      await file.write(line)
      count++
    }
    await file.sync()
    await file.close()
    await rename(draft, path)
    return count
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(draft, { force: true })
    throw error
  }
}
