import type { RunOutcome } from '../contracts/runs.js'

/** A reply that is meant for nobody. */
const silent = 'NO_REPLY'

interface Ended {
  readonly runId: string
  readonly sessionId: string
  readonly acceptedAt: number
  readonly outcome: RunOutcome
  /** The error's text, without secrets. */
  readonly error: string | undefined
}

/** What the method `agent` answers in the end. A model's failure is an answer too: its text is what people get to read. */
export function answerOf({ runId, sessionId, acceptedAt, outcome, error }: Ended) {
  const { status, text, endedAt, model, usage, stopReason } = outcome
  const said = status === 'error' ? error : text.trim() === silent ? '' : text
  const counts = usage && { input: usage.promptTokens, output: usage.completionTokens, total: usage.totalTokens }
  return {
    runId,
    status: 'ok',
    summary: 'completed',
    result: {
      payloads: said ? [{ text: said, mediaUrl: null }] : [],
      meta: {
        durationMs: endedAt - acceptedAt,
        agentMeta: {
          sessionId,
          ...(model && { provider: model.provider, model: model.id }),
          ...(counts && { usage: counts, lastCallUsage: counts, promptTokens: counts.input }),
        },
        aborted: status === 'aborted' || status === 'timeout',
        ...(stopReason !== undefined && { stopReason }),
        ...(error !== undefined && { error: { message: error } }),
      },
    },
  }
}
