import { GatewayError, messageOf, type Principal } from 'openclaw/plugin'
import { type Cancellation, Canceller } from '../contracts/cancellation.js'
import type { Model } from '../contracts/models.js'
import type { AgentEvent, Run, RunOutcome, RunRequest, StopReason } from '../contracts/runs.js'
import type { Entry, Message, Session } from '../contracts/sessions.js'
import { answerOf } from './answer.js'
import { converse } from './conversation.js'
import { abortError, isMeant, publicError } from './errors.js'
import { finish } from './finish.js'
import type { Host } from './host.js'
import { Speech } from './speech.js'
import type { EventLines } from './system-events.js'

const longestRunMs = 86_400_000

/** What the turns of one engine share. */
export interface Turns {
  readonly lines: EventLines
  /** The scope to work with, now that `host` may be gone. */
  hostFor(host: Host): Host
  /** Entries of turns that wait in the same session. */
  waiting(turn: Turn): Iterable<string>
  ended(turn: Turn, outcome: RunOutcome): void
}

/** One turn of a session, from its acceptance to its end. */
export class Turn implements Run {
  readonly runId: string
  readonly kind: RunRequest['kind']
  readonly agent: string
  readonly sessionKey: string
  readonly sessionId: string
  readonly principal: Principal
  declare readonly connId?: string
  declare readonly deviceId?: string
  readonly acceptedAt = Date.now()
  readonly done: Promise<RunOutcome>
  /** Of its own messages in the transcript. */
  readonly entries: readonly string[]
  /** Its idempotency key as it is remembered. */
  readonly key: string | undefined
  running = false
  readonly #request: RunRequest
  readonly #messages: readonly Message[]
  readonly #turns: Turns
  readonly #canceller = new Canceller()
  #from: Host
  #resolve!: (outcome: RunOutcome) => void
  #speech = new Speech()
  #model: Model | undefined
  #startedAt = 0
  #timeoutMs = 0
  #stop: StopReason | undefined
  #seq = 0

  constructor(
    request: RunRequest,
    messages: readonly Message[],
    key: string | undefined,
    begun: { readonly session: Session; readonly entries: readonly Entry[] },
    from: Host,
    turns: Turns,
  ) {
    const { runId, kind, agent, principal, connId, deviceId } = request
    this.runId = runId
    this.kind = kind
    this.agent = agent
    this.principal = principal
    if (connId !== undefined) this.connId = connId
    if (deviceId !== undefined) this.deviceId = deviceId
    this.key = key
    this.sessionKey = begun.session.key
    this.sessionId = begun.session.id
    this.entries = begun.entries.map(({ id }) => id)
    this.#request = request
    this.#messages = messages
    this.#from = from
    this.#turns = turns
    this.done = new Promise((resolve) => (this.#resolve = resolve))
  }

  get cancellation(): Cancellation {
    return this.#canceller
  }

  abort(reason: StopReason) {
    if (this.#stop !== undefined) return
    this.#stop = reason
    this.#canceller.abort(abortError(reason, this.#timeoutMs))
  }

  get #host(): Host {
    return (this.#from = this.#turns.hostFor(this.#from))
  }

  /** Run it to its end. Never rejects. */
  async run(): Promise<void> {
    this.running = true
    this.#startedAt = Date.now()
    let problem: unknown
    if (!this.#canceller.aborted) {
      this.#tell('lifecycle', { phase: 'start', startedAt: this.#startedAt })
      problem = await this.#speak().catch((error: unknown) => error ?? new Error('no reason'))
    }
    await this.#end(this.#canceller.aborted ? this.#canceller.reason : problem)
  }

  async #speak(): Promise<void> {
    const host = this.#host
    const agent = host.agents.get(this.agent)
    if (!agent) throw new GatewayError('agent_not_found', `Unknown agent '${this.agent}'.`)
    const { timeoutMs = agent.timeoutMs } = this.#request
    this.#timeoutMs = Math.min(timeoutMs === 0 ? longestRunMs : timeoutMs, longestRunMs)
    const deadline = setTimeout(() => this.abort('timeout'), this.#timeoutMs)
    const notes = this.sessionKey === host.sessions.canonical('main') ? this.#turns.lines.list() : []
    try {
      await converse({
        host,
        request: this.#request,
        messages: this.#messages,
        agent,
        session: host.sessions.get(this.sessionKey),
        without: new Set([...this.entries, ...this.#turns.waiting(this)]),
        notes,
        cancellation: this.#canceller,
        begin: (model) => {
          this.#model = model
          this.#speech = new Speech()
        },
        hear: (batch, by) => {
          const delta = this.#speech.add(batch)
          if (delta !== '') this.#tell('assistant', { text: this.#speech.text, delta })
          return this.#request.onEvents?.(batch, by)
        },
        silent: () => !this.#speech.said,
        abort: () => this.abort('shutdown'),
      })
    } finally {
      clearTimeout(deadline)
      if (this.#speech.said) this.#turns.lines.forget(notes)
    }
  }

  async #end(problem: unknown) {
    const status = this.#stop === 'timeout' ? 'timeout' : this.#stop ? 'aborted' : problem === undefined ? 'ok' : 'error'
    const error = problem === undefined ? undefined : this.#errorOf(problem)
    const text = status === 'error' || status === 'timeout' ? error?.message : undefined
    const message = this.#speech.message(this.#model, status === 'timeout' ? 'aborted' : status, status === 'error' ? text : undefined)
    let outcome: RunOutcome = {
      status,
      text: this.#speech.text,
      startedAt: this.#startedAt,
      endedAt: Date.now(),
      ...(this.#model && { model: this.#model }),
      ...(this.#speech.usage && { usage: this.#speech.usage }),
      ...(error && { error }),
      ...(this.#stop && { stopReason: this.#stop }),
    }
    const { runId, sessionKey, sessionId, key, acceptedAt } = this
    const result = this.kind === 'agent' ? answerOf({ runId, sessionId, acceptedAt, outcome, error: text }) : undefined
    const failed = await finish(() => this.#host.sessions, {
      runId,
      sessionKey,
      sessionId,
      status,
      messages: message ? [message] : [],
      ...(key !== undefined && { key }),
      ...(result && { result }),
      ...(text !== undefined && { error: text }),
      ...(this.#model && { model: { provider: this.#model.provider, id: this.#model.id } }),
      ...(outcome.usage && { usage: outcome.usage }),
    })
    if (failed) outcome = { ...outcome, status: 'error', error: this.#errorOf(failed) }
    else if (result) outcome = { ...outcome, result }
    this.#tellEnd(outcome)
    this.#turns.ended(this, outcome)
    this.#resolve(outcome)
  }

  /** The error as clients may see it. What is not meant for them stays in the log. */
  #errorOf(problem: unknown): GatewayError {
    const { log, redact } = this.#host
    const meant = isMeant(problem)
    const fields = { runId: this.runId, requestId: this.#request.requestId, agent: this.agent, ...(meant && { code: problem.code }) }
    if (this.#stop === undefined) log[meant ? 'warn' : 'error'](`run failed: ${redact(messageOf(problem))}`, fields)
    return publicError(problem, redact)
  }

  #tellEnd({ status, startedAt, endedAt, stopReason, error }: RunOutcome) {
    if (status === 'error') return this.#tell('lifecycle', { phase: 'error', error: error?.message, startedAt, endedAt })
    const aborted = status !== 'ok' && { aborted: true, stopReason }
    this.#tell('lifecycle', { phase: 'end', startedAt, endedAt, ...aborted })
  }

  #tell(stream: AgentEvent['stream'], data: AgentEvent['data']) {
    this.#host.publish({ runId: this.runId, stream, data, sessionKey: this.sessionKey, seq: ++this.#seq, ts: Date.now() })
  }
}
