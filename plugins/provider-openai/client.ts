import { type Log, printable, sleep } from 'openclaw/plugin'
import type { Cancellation } from '../contracts/cancellation.js'
import { collect } from './collect.js'
import type { Credentials } from './credentials.js'
import { type Failure, noAnswerFailure, statusFailure, type Subject } from './failure.js'
import type { Flow, Head, NoAnswer, Origin, Sink } from './origin.js'
import { createRetryBudget } from './retry.js'
import type { Timeouts } from './schema.js'

export interface ClientOptions {
  readonly name: string
  readonly url: URL
  readonly origin: () => Origin
  readonly credentials: Credentials
  readonly timeouts: Timeouts
  readonly log: Log
  redact(text: string): string
}

export interface Ask<S extends Sink> {
  readonly method: 'GET' | 'POST'
  /** Below the base URL, as in `/chat/completions`. */
  readonly path: string
  readonly body?: string
  readonly model?: string
  readonly requestId: string
  readonly cancellation: Cancellation
  /** Failures are not logged: the caller does that. */
  readonly quiet?: boolean
  /** Takes the body of a 2xx answer. */
  open(head: Head, flow: Flow): S
}

/** Requests to one base URL, with its credentials, retries and errors. */
export interface Client {
  /** Resolves once an answer is accepted. Errors: the upstream's, as API codes; the reason of the abort. */
  ask<S extends Sink>(ask: Ask<S>): Promise<S>
  subject(model: string | undefined): Subject
}

const maxErrorBytes = 65_536
const maxErrorMs = 5_000
const maxMessageChars = 499

export function createClient({ name, url, origin, credentials, timeouts, log, redact }: ClientOptions): Client {
  const budget = createRetryBudget()
  const base = url.pathname.replace(/\/+$/, '')
  const clean = (text: string) => {
    const hidden = [...credentials.values, url.origin, url.host].filter(Boolean)
    const plain = hidden.reduce((left, value) => left.replaceAll(value, '[hidden]'), text)
    return printable(redact(plain), maxMessageChars)
  }
  const subject = (model: string | undefined): Subject => ({ provider: name, model, clean })

  async function attempt<S extends Sink>(ask: Ask<S>): Promise<{ accepted: S } | { failure: Failure }> {
    const own = credentials.headers()
    const { headersMs, idleMs } = timeouts
    let head: Head | undefined
    let refused: ReturnType<typeof collect> | undefined
    const answer: Sink | NoAnswer = await origin().send<Sink>(
      {
        method: ask.method,
        path: `${base}${ask.path}${url.search}`,
        headers: [...('then' in own ? await own : own), 'x-request-id', ask.requestId],
        ...(ask.body !== undefined && { body: ask.body }),
        headersMs,
        idleMs,
      },
      ask.cancellation,
      (received, flow) => {
        head = received
        if (received.status < 300) return ask.open(received, flow)
        refused = collect(flow, maxErrorBytes, maxErrorMs)
        return refused
      },
    )
    if ('phase' in answer) return { failure: noAnswerFailure(subject(ask.model), answer, headersMs) }
    if (!refused || !head) return { accepted: answer as S }
    const { text } = await refused.body
    return { failure: statusFailure(subject(ask.model), head.status, head.headers, text) }
  }

  return {
    subject,
    async ask(ask) {
      const began = performance.now()
      budget.earn()
      for (let tries = 0; ; tries++) {
        const outcome = await attempt(ask)
        if ('accepted' in outcome) return outcome.accepted
        throwIfAborted(ask.cancellation)
        const { failure } = outcome
        const waitMs = budget.delayMs(failure, tries, performance.now() - began)
        if (waitMs === undefined) {
          if (!ask.quiet) log.warn(`provider "${name}": ${failure.error.message}`, fieldsOf(ask.requestId, failure, tries + 1))
          throw failure.error
        }
        await sleep(waitMs, ask.cancellation.signal)
        throwIfAborted(ask.cancellation)
      }
    },
  }
}

function throwIfAborted({ aborted, reason }: Cancellation) {
  if (aborted) throw reason
}

const fieldsOf = (requestId: string, { error, detail }: Failure, tries: number) => ({
  requestId,
  code: error.code,
  tries,
  ...(detail !== undefined && { detail }),
})
