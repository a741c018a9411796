import { join } from 'node:path'
import type { Agents } from '../contracts/agents.js'
import { refusal } from '../contracts/methods.js'
import type { Sessions } from '../contracts/sessions.js'
import type { Announcer } from './announce.js'
import { patchSession, removeSession, resetSession, transcriptsOf } from './edits.js'
import { archive, exportLines } from './export.js'
import { countSessions, listSessions, sessionById } from './find.js'
import { agentOfKey, canonicalKey } from './keys.js'
import type { Memory } from './memory.js'
import { type StoredSession, sessionOf, storedSession } from './rows.js'
import { runOf } from './runs.js'
import { entriesAfter } from './transcript.js'
import { appendOutside, beginTurn, finishTurn } from './turns.js'

export interface SessionsInputs {
  readonly memory: Memory
  readonly agents: () => Agents | undefined
  readonly announcer: Announcer
  /** Where transcripts go before they are deleted; without, they are not kept. */
  readonly archiveFolder: string | undefined
}

/** How often a deletion starts over because something was said meanwhile. */
const mostTries = 3

/** The service over one memory. */
export function createSessions({ memory, agents, announcer, archiveFolder }: SessionsInputs): Sessions {
  const { sql, write, complain } = memory
  const canonical: Sessions['canonical'] = (key) => canonicalKey(key, agents()?.default.id ?? 'main')
  const find = (key: string): StoredSession | undefined => storedSession(sql, canonical(key))
  const existing = (key: string): StoredSession => {
    const row = find(key)
    if (row) return row
    throw refusal('INVALID_REQUEST', 'session not found')
  }
  const present = ({ transcript: n, id, messages }: StoredSession) => ({ n, id, messages })
  const aboutOf = (key: string, row: StoredSession | undefined) => ({
    key,
    agent: agentOfKey(key),
    ...(row && { createdAt: row.created_at, updatedAt: row.updated_at }),
  })
  const archiveAll = async (key: string, transcripts: ReturnType<typeof transcriptsOf>): Promise<string[]> => {
    const archived: string[] = []
    if (archiveFolder === undefined) return archived
    for (const transcript of transcripts) {
      if (transcript.messages === 0) continue
      const lines = exportLines(sql, transcript, aboutOf(key, storedSession(sql, key)), complain)
      archived.push(await archive(archiveFolder, transcript.id, lines))
    }
    return archived
  }
  return {
    get path() {
      return memory.path
    },
    canonical,
    get(key) {
      const row = find(key)
      return row && sessionOf(row)
    },
    list: (filter = {}) => listSessions(sql, filter, Date.now()),
    count: (agent) => countSessions(sql, agent),
    byId: (id) => sessionById(sql, id),
    messages(key, limit, after) {
      const row = find(key)
      return row ? entriesAfter(sql, present(row), after ?? row.messages - limit, limit, complain) : []
    },
    async begin(turn) {
      const session = canonical(turn.session)
      const begun = await write((sql, now) => beginTurn(sql, { ...turn, session, agent: agentOfKey(session) }, now))
      if ('session' in begun) announcer.begun(begun.session, begun.entries, turn.runId)
      return begun
    },
    async finish(turn) {
      const entries = await write((sql, now) => finishTurn(sql, turn, now))
      announcer.finished(turn, entries)
      return entries
    },
    run: (key) => runOf(sql, key),
    async append(key, message) {
      const at = canonical(key)
      const entry = await write((sql, now) => appendOutside(sql, storedSession(sql, at), message, now))
      if (!entry) throw refusal('INVALID_REQUEST', 'session not found')
      announcer.appended(at, entry)
      return entry
    },
    async patch(key, changes) {
      const at = canonical(key)
      const session = await write((sql, now) => patchSession(sql, at, agentOfKey(at), changes, now))
      announcer.changed(at, 'patch')
      return session
    },
    async reset(key, reason = 'reset') {
      const at = canonical(key)
      const session = await write((sql, now) => resetSession(sql, at, agentOfKey(at), now))
      announcer.changed(at, reason)
      return session
    },
    async remove(key, { transcript }) {
      const at = canonical(key)
      for (let tries = 0; tries < mostTries; tries++) {
        if (!storedSession(sql, at)) return { deleted: false, archived: [] }
        const transcripts = transcript ? transcriptsOf(sql, at) : undefined
        const archived = transcripts ? await archiveAll(at, transcripts) : []
        const deleted = await write((sql, now) => removeSession(sql, at, transcripts, now))
        if (!deleted) continue
        announcer.changed(at, 'delete')
        return { deleted, archived }
      }
      throw refusal('UNAVAILABLE', 'the session is busy: stop its runs, then delete it', { retryAfterMs: 1_000 })
    },
    export(key) {
      const row = existing(key)
      return exportLines(sql, present(row), aboutOf(row.key, row), complain)
    },
  }
}

/** Folder of deleted transcripts. */
export const archiveFolderOf = (state: string | undefined): string | undefined => state && join(state, 'sessions', 'archive')
