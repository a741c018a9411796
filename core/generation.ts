import { type AsyncSeriesBailHook, SyncHook } from 'tapable'
import { Access, createAccess, type Denial, type Principal } from './access.js'
import type { GatewayError } from './errors.js'
import { attribute, guard, isPromise, type Place } from './guard.js'
import { type EventName, type HookEvents, type HookName, type HookResult, hooks, notifications, type Tap } from './hooks.js'
import type { Limiter } from './limiter.js'
import { Front } from './front.js'
import type { Host, Scope } from './scope.js'
import type { Settings } from './settings.js'
import { addRow, type Owner, type Table } from './surfaces.js'

/** Work in progress that a generation must outlive. */
export interface Held {
  readonly plugin: string
  readonly abort: (reason: GatewayError) => void
}

/** An immutable view of the gateway: ordered scopes, fresh hooks, filled tables. Replaced as a whole. */
export interface Generation {
  readonly id: number
  readonly scopes: readonly Scope[]
  readonly settings: Settings
  readonly services: ReadonlyMap<string, { plugin: string; value: unknown }>
  readonly tables: ReadonlyMap<string, Table>
  table(id: string): Table
  scope(name: string): Scope | undefined
  /** Whoever answers what arrives at the port. */
  readonly front: Front | undefined
  /** Undefined where nobody tapped, so that a request pays nothing. */
  readonly authenticate: ((event: HookEvents['authenticate']) => Promise<Principal | Denial | undefined>) | undefined
  readonly authorize: ((event: HookEvents['authorize']) => Promise<Denial | undefined>) | undefined
  readonly events: { readonly [N in EventName]: SyncHook<[HookEvents[N]]> | undefined }
  readonly held: Set<Held>
}

const empty: Table = new Map()

const place = (host: Host, scope: Scope, hook: HookName): Place => ({
  plugin: scope.name,
  hook,
  budgetMs: () => host.budgetMs(hook),
  deadlines: host.deadlines,
  report: (error) => host.fault(scope, error),
})

const tapsOf = <N extends HookName>(scopes: readonly Scope[], hook: N) =>
  scopes.flatMap((scope) => scope.taps.filter((tap) => tap.hook === hook).map(({ tap }) => ({ scope, tap: tap as Tap<N> })))

/** Replay the ledgers of `scopes` into a new generation. Throws, attributed, what a filling tap throws. */
export function assemble(id: number, scopes: readonly Scope[], settings: Settings, limiter: Limiter, host: Host): Generation {
  const held = new Set<Held>()
  const byName = new Map(scopes.map((scope) => [scope.name, scope]))
  const tables = fillTables(scopes, held, host)
  const services = new Map<string, { plugin: string; value: unknown }>()
  for (const scope of scopes) for (const [service, value] of scope.services) services.set(service, { plugin: scope.name, value })
  const events = Object.fromEntries(notifications.map((name) => [name, notification(scopes, name, host)]))
  const generation: Generation = {
    id,
    scopes,
    settings,
    services,
    tables,
    table: (surface) => tables.get(surface) ?? empty,
    scope: (name) => byName.get(name),
    front: services.get(Front.id)?.value as Front | undefined,
    authenticate: bail(scopes, 'authenticate', host),
    authorize: bail(scopes, 'authorize', host),
    events: events as Generation['events'],
    held,
  }
  const access = createAccess(settings.auth, limiter, host.logFor('gateway'), () => generation)
  services.set(Access.id, { plugin: 'gateway', value: access })
  return generation
}

function fillTables(scopes: readonly Scope[], held: Set<Held>, host: Host): Map<string, Table> {
  const fillers = new Map<string, SyncHook<[Table]>>()
  for (const scope of scopes) {
    const { name: plugin } = scope
    const owner = ownerOf(scope, held, host)
    for (const { surface, fill } of scope.fills) {
      const hook = fillers.get(surface.id) ?? new SyncHook<[Table]>(['table'])
      fillers.set(surface.id, hook)
      hook.tap(plugin, (table) => {
        try {
          fill(surface.writer((key, value) => addRow(table, surface.id, { key, plugin, value, owner }), plugin))
        } catch (error) {
          throw attribute(error, plugin, surface.id)
        }
      })
    }
  }
  const tables = new Map<string, Table>()
  for (const [surface, hook] of fillers) {
    const table: Table = new Map()
    hook.call(table)
    tables.set(surface, table)
  }
  return tables
}

const ownerOf = (scope: Scope, held: Set<Held>, host: Host): Owner => ({
  standing() {
    if (scope.faults.quarantined()) return 'down'
    if (scope.state === 'starting' || scope.state === 'applied') return 'waiting'
    return scope.state === 'failed' || scope.state === 'closed' ? 'down' : 'up'
  },
  fault: (where, thrown) => host.fault(scope, attribute(thrown, scope.name, where)),
  hold(abort) {
    const entry = { plugin: scope.name, abort }
    held.add(entry)
    return () => void held.delete(entry)
  },
})

const undecided: Denial = { deny: 'forbidden', message: 'Access could not be decided.' }

/** authenticate and authorize: a tap that fails or overruns denies, and so does one whose plugin is quarantined or not up. */
function bail<N extends 'authenticate' | 'authorize'>(scopes: readonly Scope[], name: N, host: Host) {
  const taps = tapsOf(scopes, name)
  if (taps.length === 0) return undefined
  const hook = hooks[name].create() as AsyncSeriesBailHook<[HookEvents[N]], any>
  for (const { scope, tap } of taps) {
    const where = place(host, scope, name)
    hook.tapPromise(scope.name, async (event) => {
      // A plugin that does not run, or not well, has no say but no.
      if (scope.faults.quarantined() || (scope.state !== 'active' && scope.state !== 'draining')) return undecided
      try {
        return await guard(where, () => tap(event))
      } catch {
        return undecided
      }
    })
  }
  return (event: HookEvents[N]): Promise<HookResult<N> | undefined> => hook.promise(event)
}

/** Notifications: a failing tap is a fault, the others still hear. */
function notification<N extends EventName>(scopes: readonly Scope[], name: N, host: Host): SyncHook<[HookEvents[N]]> | undefined {
  const taps = tapsOf(scopes, name)
  if (taps.length === 0) return undefined
  const hook = new SyncHook<[HookEvents[N]]>(['event'])
  for (const { scope, tap } of taps) {
    const where = place(host, scope, name)
    hook.tap(scope.name, (event) => {
      if (scope.faults.quarantined()) return
      try {
        const answer = guard<unknown>(where, () => tap(event))
        if (isPromise(answer)) answer.catch(() => undefined)
      } catch {
        // Reported by the guard.
      }
    })
  }
  return hook
}

/**
 * Run a phase on some scopes only: a hook is made for it and thrown away. Answers what failed, in order; a `reject` hook
 * stops at its first failure.
 */
export async function runPhase<N extends HookName>(name: N, scopes: readonly Scope[], event: HookEvents[N], host: Host) {
  const failures: { scope: Scope; error: GatewayError }[] = []
  const hook = hooks[name].create() as AsyncSeriesBailHook<[HookEvents[N]], void>
  for (const { scope, tap } of tapsOf(scopes, name)) {
    hook.tapPromise(scope.name, async (passed) => {
      try {
        await guard<unknown>(place(host, scope, name), () => tap(passed))
      } catch (error) {
        failures.push({ scope, error: error as GatewayError })
        if (hooks[name].failure === 'reject') throw error
      }
    })
  }
  await hook.promise(event).catch(() => undefined)
  return failures
}
