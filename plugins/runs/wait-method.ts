import { type MethodCall } from '../contracts/methods.js'
import type { RunOutcome } from '../contracts/runs.js'
import type { RunRecord, Sessions } from '../contracts/sessions.js'
import type { Engine } from './engine.js'
import type { WaitParams } from './params-schema.js'

/** `setTimeout` takes no more. */
const longestWaitMs = 86_400_000

/** What `agent.wait` answers: how a run ended, or `timeout` when that is not known in time. */
export async function waitForRun({ params, cancellation }: MethodCall<WaitParams>, engine: Engine, sessions: Sessions) {
  const { runId, timeoutMs } = params
  const running = engine.find('chat', runId) ?? engine.find('agent', runId)
  const record = running ? undefined : newest(sessions.run(`chat:${runId}`), sessions.run(`agent:${runId}`))
  if (record) return { runId, ...endOf(record) }
  const outcome = timeoutMs === 0 ? undefined : await engine.waiters.wait(runId, Math.min(timeoutMs, longestWaitMs), cancellation)
  return outcome
    ? { runId, startedAt: outcome.startedAt, ...endOf({ ...outcome, error: outcome.error?.message }) }
    : { runId, status: 'timeout' }
}

function newest(...records: readonly (RunRecord | undefined)[]): RunRecord | undefined {
  const ended = records.flatMap((record) => (record && record.status !== 'running' ? [record] : []))
  return ended.sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0))[0]
}

const errors: Partial<Record<RunRecord['status'], string>> = { interrupted: 'The gateway ended while this run was in progress.' }

function endOf({
  status,
  endedAt,
  error,
}: {
  status: RunRecord['status'] | RunOutcome['status']
  endedAt?: number
  error?: string | undefined
}) {
  const ended = endedAt !== undefined && { endedAt }
  if (status === 'ok') return { status, ...ended }
  if (status === 'aborted' || status === 'timeout') return { status: 'timeout', ...ended }
  return { status: 'error', ...ended, error: error ?? errors[status] ?? 'The run failed.' }
}
