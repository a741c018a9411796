import { GatewayError, type Handle, type Log, messageOf } from 'openclaw/plugin'
import { isTransient } from '../contracts/models.js'
import { Attempt, type Job } from './attempt.js'
import type { Audience } from './audience.js'
import type { Config } from './schema.js'
import { Slots } from './slots.js'

/** Whoever answers in the models' place tries them by itself. */
const targetsOf = ({ route, ask }: Job) => (ask ? [route] : [route, ...route.fallbacks])

/** Runs jobs, not too many at once, each with a deadline. */
export class Jobs {
  readonly #slots = new Slots()
  readonly #config: Handle<Config>
  readonly #log: Log

  constructor(config: Handle<Config>, log: Log) {
    this.#config = config
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
    const attempts = targetsOf(job).map((target) => new Attempt(job, target, audience))
    let current = attempts[0] as Attempt
    const flush = job.request.stream ? setTimeout(() => current.open(), firstByteMs) : undefined
    try {
      await this.#slots.take(maxInFlight, audience.cancellation)
      try {
        for (const attempt of attempts) {
          current = attempt
          if (await this.#try(attempt, attempt === attempts.at(-1), job, audience)) return
        }
      } finally {
        this.#slots.release(this.#config.current.maxInFlight)
      }
    } finally {
      clearTimeout(flush)
    }
  }

  /** Whether the attempt answered. False: the next model may try. */
  async #try(attempt: Attempt, last: boolean, job: Job, audience: Audience): Promise<boolean> {
    try {
      await attempt.run()
      return true
    } catch (error) {
      if (last || !isTransient(error) || audience.opened || audience.cancellation.aborted) throw error
      this.#log.warn(`model "${attempt.key}" failed, trying the next one: ${error.message}`, {
        requestId: job.requestId,
        code: error.code,
      })
      return false
    }
  }

  #report({ route, requestId }: Job, error: unknown, interrupted: boolean) {
    const code = error instanceof GatewayError ? error.code : 'internal_error'
    if (code === 'client_closed') return
    const level = code === 'internal_error' ? 'error' : 'warn'
    this.#log[level](`${interrupted ? 'stream interrupted' : 'chat failed'}: ${messageOf(error)}`, {
      requestId,
      code,
      agent: route.agent,
      model: route.model.key,
    })
  }
}
