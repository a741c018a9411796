import { GatewayError, messageOf } from './errors.js'

/** Faults that put a plugin in quarantine, and the span they must fall into. */
const faultLimit = 5
const faultWindowMs = 60_000
const longestQuarantineMs = 3_600_000

/** Counts one plugin's faults. Five in a minute quarantine it for a minute, doubling with each repetition up to an hour. */
export function createFaults() {
  let total = 0
  let recent: number[] = []
  let strikes = 0
  let until = 0
  let last: { time: number; hook: string; code: string; message: string } | undefined
  const inWindow = (time: number) => Date.now() - time < faultWindowMs
  return {
    /** True when this fault begins a quarantine. It is shown to operators as it is. */
    record({ hook, code, message }: { hook: string; code: string; message: string }): boolean {
      const time = Date.now()
      total++
      last = { time, hook, code, message }
      recent = [...recent.filter(inWindow), time]
      if (recent.length < faultLimit || time < until) return false
      until = time + Math.min(faultWindowMs * 2 ** strikes++, longestQuarantineMs)
      recent = []
      return true
    },
    quarantined: () => until !== 0 && Date.now() < until,
    until: () => until,
    summary: () => ({ total, lastMinute: recent.filter(inWindow).length, ...(last && { last }) }),
  }
}

/** One timer for every deadline of a gateway: a pending call costs a set entry, not a timer. */
export function createDeadlines(tickMs = 50) {
  const pending = new Set<{ at: number; expire: () => void }>()
  let timer: NodeJS.Timeout | undefined
  const tick = () => {
    const now = performance.now()
    for (const entry of pending) {
      if (entry.at > now) continue
      pending.delete(entry)
      entry.expire()
    }
    if (pending.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
  /** Call `expire` after `ms` unless the returned function is called first. */
  return (ms: number, expire: () => void): (() => void) => {
    const entry = { at: performance.now() + ms, expire }
    pending.add(entry)
    timer ??= setInterval(tick, tickMs)
    return () => void pending.delete(entry)
  }
}
export type Deadlines = ReturnType<typeof createDeadlines>

export const isPromise = (value: unknown): value is Promise<unknown> => typeof (value as Promise<unknown> | undefined)?.then === 'function'

/** Whatever a plugin threw, with its name and the place on it. */
export function attribute(thrown: unknown, plugin: string, hook: string): GatewayError {
  if (thrown instanceof GatewayError && thrown.plugin !== undefined) return thrown
  const code = thrown instanceof GatewayError ? thrown.code : 'plugin_error'
  const { path, issues } = thrown instanceof GatewayError ? thrown : {}
  const message = `Plugin "${plugin}" failed in ${hook}: ${messageOf(thrown)}`
  return new GatewayError(code, message, { plugin, hook, cause: thrown, ...(path && { path }), ...(issues && { issues }) })
}

export interface Place {
  plugin: string
  hook: string
  budgetMs: () => number
  deadlines: Deadlines
  report: (error: GatewayError) => void
}

/**
 * Run one tap: synchronous first, so a tap that answers at once costs no promise and no timer. What it throws, rejects
 * or overruns is attributed, reported once and thrown.
 */
export function guard<R>({ plugin, hook, budgetMs, deadlines, report }: Place, action: () => R | Promise<R>): R | Promise<R> {
  const failed = (thrown: unknown) => {
    const error = attribute(thrown, plugin, hook)
    report(error)
    return error
  }
  let result: R | Promise<R>
  try {
    result = action()
  } catch (thrown) {
    throw failed(thrown)
  }
  if (!isPromise(result)) return result
  const promised = result as Promise<R>
  return new Promise((resolve, reject) => {
    let late = false
    const limitMs = budgetMs()
    const cancel = deadlines(limitMs, () => {
      late = true
      reject(
        failed(new GatewayError('hook_timeout', `did not finish within ${limitMs} ms. Raise limits.budgetsMs.${hook} if it needs longer.`)),
      )
    })
    const settle = (then: () => void) => {
      cancel()
      if (!late) then()
    }
    promised.then(
      (value) => settle(() => resolve(value)),
      (thrown) => settle(() => reject(failed(thrown))),
    )
  })
}

/** Wait, or return at once when the signal aborts. Does not keep the process alive. */
export const sleep = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms).unref()
    signal.addEventListener('abort', done)
  })

/** How long to wait before trying again: full jitter below 1 s … 5 min, never under a second. */
export const backoffMs = (attempt: number) => Math.max(1_000, Math.random() * Math.min(1_000 * 2 ** attempt, 300_000))
