import { GatewayError, messageOf, sleep } from 'openclaw/plugin'
import type { AccountStatus, Channel } from '../contracts/channels.js'

type Result = Required<Pick<AccountStatus, 'probe' | 'lastProbeAt'>>

/** One account to ask about. */
export interface Question {
  readonly id: string
  readonly accountId: string
  readonly channel: Channel
}

/** Asks networks about accounts, all at once, one round at a time. Remembers the answers of the newest round. */
export function createProber(redact: (text: string) => string, closed: AbortSignal) {
  let results: ReadonlyMap<string, Result> = new Map()
  let round: Promise<void> | undefined
  const keyOf = ({ id, accountId }: Pick<Question, 'id' | 'accountId'>) => JSON.stringify([id, accountId])

  const answerTo = async ({ channel, accountId }: Question, signal: AbortSignal): Promise<Result['probe']> => {
    const late = new Promise<never>((_, reject) => {
      const over = () => reject(signal.reason)
      if (signal.aborted) over()
      else signal.addEventListener('abort', over, { once: true })
    })
    try {
      const answer = await Promise.race([late, (async () => channel.probe?.(accountId, signal))()])
      return { ok: answer?.ok === true, ...(answer?.error !== undefined && { error: redact(answer.error) }) }
    } catch (error) {
      return { ok: false, error: redact(messageOf(error)) }
    }
  }
  const ask = async (questions: readonly Question[], limitMs: number) => {
    const over = new AbortController()
    const limit = setTimeout(() => over.abort(new GatewayError('probe_timeout', `no answer within ${limitMs} ms`)), limitMs)
    const signal = AbortSignal.any([over.signal, closed])
    const probes = await Promise.all(questions.map((each) => answerTo(each, signal)))
    clearTimeout(limit)
    const lastProbeAt = Date.now()
    results = new Map(questions.map((each, index) => [keyOf(each), { probe: probes[index] as Result['probe'], lastProbeAt }]))
  }
  return {
    /** What the network last said of an account. */
    result: (id: string, accountId: string): Result | undefined => results.get(keyOf({ id, accountId })),
    /** Resolves when all have answered or the time is over. Joins a round that is under way. */
    async probe(questions: readonly Question[], limitMs: number): Promise<void> {
      round ??= ask(questions, limitMs).finally(() => {
        round = undefined
      })
      const answered = new AbortController()
      await Promise.race([round, sleep(limitMs, answered.signal)])
      answered.abort()
    },
  }
}
export type Prober = ReturnType<typeof createProber>
