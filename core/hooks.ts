import { AsyncParallelHook, AsyncSeriesBailHook, AsyncSeriesHook, SyncHook } from 'tapable'
import type { CallInfo, Denial, Peer, Principal } from './access.js'
import type { LogRecord } from './log.js'
import type { Report } from './plan.js'
import type { Row, Surface } from './surfaces.js'

/** What each hook passes to its taps: always one object. */
export interface HookEvents {
  /** `table` reads the candidate's tables: what would be, for kept plugins too. */
  validate: { plugins: readonly string[]; reason: Reason; table<T>(surface: Surface<T, any>): ReadonlyMap<string, Row<T>> }
  start: { signal: AbortSignal; reason: Reason }
  ready: { reason: Reason; report: Report }
  authenticate: { call: CallInfo; peer: Peer; headers: Readonly<Record<string, string | string[] | undefined>> }
  authorize: { principal: Principal; call: CallInfo; scope: string }
  connected: { call: CallInfo }
  disconnected: { call: CallInfo; durationMs: number }
  served: {
    call: CallInfo
    status: number
    durationMs: number
    bytes: number
    aborted: boolean
    notes: Readonly<Record<string, unknown>> | undefined
  }
  /** `message` is without secrets. */
  fault: { error: { code: string; hook: string; message: string }; plugin: string; quarantined: boolean }
  logged: LogRecord
  published: Publication
  drain: { signal: AbortSignal; deadlineMs: number }
  close: { reason: string }
}

/** Something clients want to hear of. Owned rows of the surface `events` say who may. */
export interface Publication {
  readonly event: string
  readonly payload: unknown
  /** Connections it is meant for; without, everyone who may hear it. */
  readonly only?: ReadonlySet<string>
}

/** What a tap may answer. Every other hook's taps answer nothing. */
interface HookResults {
  authenticate: Principal | Denial | undefined
  authorize: Denial | undefined
}

export type Reason = 'boot' | 'reload' | 'retry'
export type HookName = keyof HookEvents
/** Notifications: a plugin may emit them with `kernel.emit`. */
export const notifications = ['connected', 'disconnected', 'served', 'fault', 'logged', 'published'] as const
export type EventName = (typeof notifications)[number]
export type HookResult<N extends HookName> = N extends keyof HookResults ? HookResults[N] : void
export type Tap<N extends HookName> = (event: HookEvents[N]) => HookResult<N> | Promise<HookResult<N>>

interface HookSpec {
  create: () => AsyncSeriesHook<[any]> | AsyncSeriesBailHook<[any], any> | AsyncParallelHook<[any]> | SyncHook<[any]>
  /** Time one tap may take. `limits.budgetsMs.<hook>` overrides it. */
  budgetMs: number
  /** What a throw, a rejection or an overrun of one tap means. */
  failure: 'reject' | 'deny' | 'fault'
  summary: string
}

const series = (budgetMs: number, failure: HookSpec['failure'], summary: string): HookSpec => ({
  create: () => new AsyncSeriesHook(['event']),
  budgetMs,
  failure,
  summary,
})
const bail = (summary: string): HookSpec => ({
  create: () => new AsyncSeriesBailHook(['event']),
  budgetMs: 5_000,
  failure: 'deny',
  summary,
})
const notification = (summary: string): HookSpec => ({ create: () => new SyncHook(['event']), budgetMs: 100, failure: 'fault', summary })

/** Every lifecycle hook there is. Verb = phase, participle = happened. docs/hooks.md is generated from this table. */
export const hooks: Record<HookName, HookSpec> = {
  validate: series(5_000, 'reject', 'A candidate is assembled, not yet serving. Throw to refuse it.'),
  start: series(
    30_000,
    'reject',
    'Acquire what the plugin needs: sockets, files, timers. In dependency order, before the candidate serves.',
  ),
  ready: series(10_000, 'fault', 'Every plugin is active or known failed and the port is bound; again after each reload, with its report.'),
  authenticate: bail("A request that the kernel's own credentials did not settle. Answer a principal, a denial or nothing."),
  authorize: bail('After authenticate, per WebSocket method and per tool call. Answer a denial to refuse; answer nothing to let it pass.'),
  connected: notification('A socket was upgraded.'),
  disconnected: notification('An upgraded socket closed.'),
  served: notification('A response ended, or its client went away.'),
  fault: notification('A plugin failed in one of its taps, routes or tasks.'),
  logged: notification('A log record was written.'),
  published: notification('A plugin has an event for connected clients.'),
  drain: {
    create: () => new AsyncParallelHook(['event']),
    budgetMs: 30_000,
    failure: 'fault',
    summary: 'The plugin retires: take no new work, finish what runs. The signal ends the wait.',
  },
  close: series(10_000, 'fault', 'After drain, in reverse order: let go of everything that start acquired.'),
}
