import { GatewayError } from 'openclaw/plugin'
import type { Cancellation } from '../contracts/cancellation.js'
import { isTransient } from '../contracts/models.js'
import type { Served } from './catalog.js'

/** Failures in a row after which nobody asks for a while. */
const threshold = 5
/** Failures that come together are one: what broke all connections at once may be over already. */
const togetherMs = 1_000
/** A failure that is older says nothing about now. */
const forgottenMs = 600_000
const firstOpenMs = 1_000
const longestOpenMs = 60_000
const longestAskedMs = 3_600_000
const rejectedKeyMs = 60_000
/** Models of one provider that are remembered: some take any id. */
const maxModels = 256

/** `resting`: another model should be asked, if there is one. `open`: nobody asks. */
export type Standing = 'ready' | 'resting' | 'open'

interface State {
  /** In a row. */
  failures: number
  /** By the clock of `Circuits`. */
  failedAt: number
  until: number
  error: GatewayError
  /** One call finds out whether it works again. */
  probing: boolean
}

/** Under this name, what is true for a provider as a whole. */
const whole = ''
/** Codes after which it is known that the upstream works. */
const answered = new Set([
  'model_not_found',
  'context_length_exceeded',
  'upstream_rejected',
  'invalid_value',
  'unsupported_parameter',
  'unsupported_value',
])

/** The provider does not take our credentials: that concerns all of its models. */
export const isRejected = (error: unknown): error is GatewayError => error instanceof GatewayError && error.code === 'upstream_auth_error'

/**
 * Which models fail at the moment. A model that asked for a pause rests; one that failed five times in a row is not asked until a
 * while has passed, and then once, to find out. Known by the provider's object: one that was configured anew begins anew.
 */
export class Circuits {
  readonly #states = new WeakMap<Served['provider'], Map<string, State>>()
  readonly #now: () => number

  /** `now`: milliseconds of a clock that only goes on. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  standing({ model, provider }: Served): Standing {
    const states = this.#states.get(provider)
    if (!states || states.size === 0) return 'ready'
    const now = this.#now()
    const [one, other] = [standingOf(states.get(whole), now), standingOf(states.get(model.id), now)]
    if (one === 'open' || other === 'open') return 'open'
    return one === 'resting' ? one : other
  }

  /** Why a target is not asked: its last error, with the time that is left. */
  refusal({ model, provider }: Served): GatewayError {
    const now = this.#now()
    const states = this.#states.get(provider)
    const state = [states?.get(whole), states?.get(model.id)].find((each) => standingOf(each, now) === 'open')
    const retryAfterS = Math.max(1, Math.ceil(((state?.until ?? 0) - now) / 1_000))
    const { code, message } = state?.error ?? new GatewayError('upstream_unavailable', `Provider '${provider.name}' fails.`)
    return new GatewayError(code, `${message} It failed repeatedly and is asked again in ${retryAfterS} s.`, { retryAfterS })
  }

  /** Ask a target, and remember how that went. An abort by the caller says nothing about it. */
  async call<T>(target: Served, cancellation: Cancellation, run: () => Promise<T>): Promise<T> {
    const beganAt = this.#now()
    const probes = this.#probe(target, beganAt)
    try {
      const answer = await run()
      this.#succeeded(target)
      return answer
    } catch (error) {
      if (!cancellation.aborted) this.#failed(target, error, beganAt)
      throw error
    } finally {
      if (probes) for (const state of probes) state.probing = false
    }
  }

  #probe({ model, provider }: Served, now: number): State[] | undefined {
    const states = this.#states.get(provider)
    if (!states || states.size === 0) return undefined
    const due = [states.get(whole), states.get(model.id)].filter(
      (state): state is State => state !== undefined && state.failures >= threshold && now >= state.until,
    )
    for (const state of due) state.probing = true
    return due
  }

  #succeeded({ model, provider }: Served) {
    const states = this.#states.get(provider)
    if (!states || states.size === 0) return
    states.delete(whole)
    states.delete(model.id)
  }

  #failed(target: Served, error: unknown, beganAt: number) {
    if (!(error instanceof GatewayError)) return
    const rejected = isRejected(error)
    if (answered.has(error.code)) this.#succeeded(target)
    if (!rejected && !isTransient(error)) return
    const now = this.#now()
    const state = this.#stateOf(target, error)
    const fresh = now - state.failedAt > forgottenMs
    if (fresh) state.failures = 0
    const together = !fresh && beganAt < state.failedAt && now - state.failedAt < togetherMs
    if (!together && !rejected) state.failures++
    if (!together) state.failedAt = now
    state.error = error
    state.until = Math.max(state.until, now + (rejected ? rejectedKeyMs : pauseMs(state.failures, error)))
  }

  #stateOf({ model, provider }: Served, error: GatewayError): State {
    let states = this.#states.get(provider)
    if (!states) this.#states.set(provider, (states = new Map()))
    const name = isRejected(error) ? whole : model.id
    let state = states.get(name)
    if (!state) {
      const [oldest] = states.keys()
      if (states.size >= maxModels && oldest !== undefined) states.delete(oldest)
      state = { failures: 0, failedAt: Number.NEGATIVE_INFINITY, until: 0, error, probing: false }
      states.set(name, state)
    }
    return state
  }
}

function standingOf(state: State | undefined, now: number): Standing {
  if (!state) return 'ready'
  if (state.failures < threshold) return now < state.until ? 'resting' : 'ready'
  return now < state.until || state.probing ? 'open' : 'ready'
}

/** Not earlier than asked, longer each time, and not at the same moment for everyone. */
function pauseMs(failures: number, { code, retryAfterS = 0 }: GatewayError): number {
  const askedMs = Math.min(retryAfterS * 1_000, longestAskedMs)
  if (failures < threshold && askedMs === 0 && code !== 'upstream_rate_limited') return 0
  const ceilingMs = Math.min(firstOpenMs * 2 ** Math.max(0, failures < threshold ? failures - 1 : failures - threshold), longestOpenMs)
  const ownMs = ceilingMs / 2 + (Math.random() * ceilingMs) / 2
  return askedMs > ownMs ? askedMs + (Math.random() * ceilingMs) / 4 : ownMs
}
