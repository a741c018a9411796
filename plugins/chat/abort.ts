import { covers } from 'openclaw/plugin'
import { type Client, refusal } from '../contracts/methods.js'
import type { Run, Runs, StopReason } from '../contracts/runs.js'

export interface AbortAnswer {
  readonly ok: true
  readonly aborted: boolean
  readonly runIds: readonly string[]
}

interface Abort {
  /** Canonical. */
  readonly session: string
  /** All of the session's, without. */
  readonly runId?: string | undefined
  readonly client: Client
  readonly reason: StopReason
}

/**
 * End chats of a session: all that the client may, or one. Resolves when what they said so far is on disk. Error:
 * `INVALID_REQUEST` for somebody else's.
 */
export async function abortChats(runs: Runs, { session, runId, client, reason }: Abort): Promise<AbortAnswer> {
  const chats = [...runs.active()].filter(
    (run) => run.kind === 'chat' && (runId === undefined ? run.sessionKey === session : run.runId === runId),
  )
  if (chats.some((run) => run.sessionKey !== session)) throw refusal('INVALID_REQUEST', 'runId does not match sessionKey')
  const own = chats.filter((run) => mayAbort(client, run))
  if (own.length === 0 && chats.length > 0) throw refusal('INVALID_REQUEST', 'unauthorized')
  for (const run of own) run.abort(reason)
  await Promise.all(own.map(({ done }) => done))
  return { ok: true, aborted: own.length > 0, runIds: own.map((run) => run.runId) }
}

const mayAbort = (client: Client, run: Run) =>
  covers(client.scopes, 'operator.admin') ||
  run.connId === client.connId ||
  (run.deviceId !== undefined && run.deviceId === client.deviceId)
