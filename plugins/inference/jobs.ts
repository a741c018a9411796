import { GatewayError, type Handle, type Log, messageOf } from 'openclaw/plugin'
import type { Slots } from '../contracts/slots.js'
import { Attempt, type Job } from './attempt.js'
import type { Audience } from './audience.js'
import type { Config } from './schema.js'

/** Runs jobs, not too many at once, each with a deadline. */
export class Jobs {
  readonly #config: Handle<Config>
  readonly #slots: Slots
  readonly #log: Log

  constructor(config: Handle<Config>, slots: Slots, log: Log) {
    this.#config = config
    this.#slots = slots
    this.#log = log
  }

  /** Run to the end and tell the audience what came of it. Never rejects. */
  async start(job: Job, audience: Audience): Promise<void> {
    const { runTimeoutMs } = this.#config.current
    const overdue = () => new GatewayError('upstream_timeout', `The answer took longer than ${runTimeoutMs} ms.`)
    const deadline = setTimeout(() => audience.abort(overdue()), runTimeoutMs)
    try {
      await this.#queued(job, audience)
    } catch (thrown) {
      const error: unknown = audience.cancellation.aborted ? audience.cancellation.reason : thrown
      this.#report(job, error, audience.opened)
      audience.fail(error)
    } finally {
      clearTimeout(deadline)
    }
  }

  async #queued(job: Job, audience: Audience) {
    const { firstByteMs, maxInFlight } = this.#config.current
    const attempt = new Attempt(job, audience)
    const flush = job.request.stream ? setTimeout(() => attempt.open(), firstByteMs) : undefined
    try {
      await this.#slots.take(maxInFlight, maxInFlight, audience.cancellation)
      try {
        await attempt.run()
      } finally {
        this.#slots.release(this.#config.current.maxInFlight)
      }
    } finally {
      clearTimeout(flush)
    }
  }

  #report({ route, requestId }: Job, error: unknown, interrupted: boolean) {
    const code = error instanceof GatewayError ? error.code : 'internal_error'
    if (code === 'client_closed') return
    const level = code === 'internal_error' ? 'error' : 'warn'
    this.#log[level](`${interrupted ? 'stream interrupted' : 'request failed'}: ${messageOf(error)}`, {
      requestId,
      code,
      agent: route.agent,
      model: route.model.key,
    })
  }
}
