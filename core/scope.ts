import { GatewayError, messageOf } from './errors.js'
import type { Generation } from './generation.js'
import { attribute, backoffMs, createFaults, type Deadlines, sleep } from './guard.js'
import { type EventName, type HookEvents, type HookName, hooks, type Tap } from './hooks.js'
import type { Inspection } from './inspect.js'
import type { Keep } from './keep.js'
import type { Log } from './log.js'
import type { Entry } from './plan.js'
import type { Kernel } from './plugin.js'
import type { SecretBook } from './secret.js'
import type { Surface } from './surfaces.js'

export type ScopeState = 'applied' | 'starting' | 'active' | 'failed' | 'draining' | 'closed'

/** What scopes share: the gateway they belong to. */
export interface Host {
  readonly logFor: (name: string) => Log
  readonly keep: Keep
  readonly secrets: SecretBook
  readonly deadlines: Deadlines
  readonly paths: Kernel['paths']
  inspect(): Inspection
  budgetMs(hook: HookName): number
  fault(scope: Scope, error: GatewayError): void
  emit<N extends EventName>(name: N, event: HookEvents[N]): void
}

/** One configured plugin instance and the ledger of everything it registered. */
export interface Scope extends Entry {
  readonly name: string
  config: unknown
  readonly taps: { hook: HookName; tap: Tap<any> }[]
  readonly fills: { surface: Surface<any, any>; fill: (writer: any) => void }[]
  readonly services: Map<string, unknown>
  /** Surfaces whose table it reads. */
  readonly reads: Set<string>
  readonly tasks: { name: string; run: (signal: AbortSignal) => Promise<void> }[]
  readonly faults: ReturnType<typeof createFaults>
  state: ScopeState
  /** Why it is failed. */
  reason?: string
  /** Newest generation that contains it. */
  generation: Generation | undefined
  readonly abort: AbortController
  dispose(): Promise<void>
}

const applyBudgetMs = 1_000
const refuse = (code: string, message: string) => new GatewayError(code, message)

/** Run a plugin's `apply` and record what it declares. Throws what `apply` throws, attributed; the scope is disposed by then. */
export function createScope(entry: Entry, host: Host): Scope {
  const { plugin } = entry
  const { name } = plugin
  const undo: (() => void | Promise<void>)[] = []
  let declaring = true
  let disposed: Promise<void> | undefined
  const undoAll = async () => {
    scope.state = 'closed'
    scope.abort.abort(refuse('scope_closed', `Plugin "${name}" was stopped.`))
    for (const step of undo.reverse()) {
      try {
        await step()
      } catch (error) {
        host.logFor(name).error(`could not undo: ${messageOf(error)}`)
      }
    }
    await host.keep.release(scope)
  }
  const scope: Scope = {
    ...entry,
    name,
    taps: [],
    fills: [],
    services: new Map(),
    reads: new Set(),
    tasks: [],
    faults: createFaults(),
    state: 'applied',
    generation: undefined,
    abort: new AbortController(),
    dispose: () => (disposed ??= undoAll()),
  }
  const kernel = createKernel(scope, host, undo, (what) => {
    if (!declaring) throw refuse('late_registration', `${what} must be registered in apply, not later.`)
  })
  try {
    const began = performance.now()
    if ((plugin.apply(kernel) as unknown) !== undefined)
      throw refuse('bad_plugin', 'apply must be synchronous and return nothing; acquire in the start hook.')
    const tookMs = Math.round(performance.now() - began)
    if (tookMs > applyBudgetMs) throw refuse('hook_timeout', `apply took ${tookMs} ms; it may only declare.`)
    const missing = plugin.provides?.find(({ id }) => !scope.services.has(id))
    if (missing) throw refuse('bad_plugin', `apply did not provide "${missing.id}".`)
  } catch (error) {
    void scope.dispose()
    throw attribute(error, name, 'apply')
  }
  declaring = false
  return scope
}

/** The facade that `apply` gets: everything registered through it is written to the scope's ledger. */
function createKernel(scope: Scope, host: Host, undo: (() => void | Promise<void>)[], declare: (what: string) => void): Kernel {
  const { name, plugin } = scope
  const required = new Map((plugin.requires ?? []).map((r) => ('optional' in r ? [r.optional.id, false] : [r.id, true])))
  const live = <T>(read: (generation: Generation) => T) => ({
    get current(): T {
      if (!scope.generation) throw refuse('too_early', '`.current` is read at use, not in apply.')
      return read(scope.generation)
    },
  })
  const hookFacade = (hook: string) => ({
    tap(tap: Tap<any>) {
      declare(`A tap on ${hook}`)
      scope.taps.push({ hook: hook as HookName, tap })
    },
  })
  return {
    name,
    log: host.logFor(name),
    signal: scope.abort.signal,
    config: {
      get current() {
        return scope.config
      },
    },
    paths: host.paths,
    hooks: Object.fromEntries(Object.keys(hooks).map((hook) => [hook, hookFacade(hook)])) as unknown as Kernel['hooks'],
    surface: (surface) => ({
      tap(fill) {
        declare(`Rows of ${surface.id}`)
        scope.fills.push({ surface, fill })
      },
    }),
    table(surface) {
      scope.reads.add(surface.id)
      return live((generation) => generation.table(surface.id))
    },
    use(service: { id: string }) {
      const must = required.get(service.id)
      if (must === undefined) throw refuse('undeclared_service', `"${service.id}" is not in requires.`)
      return live((generation) => {
        const found = generation.services.get(service.id)
        if (!found && must) throw refuse('service_missing', `"${service.id}" is not provided.`)
        return found?.value as any
      })
    },
    provide(service, value) {
      declare(`Service ${service.id}`)
      if (!plugin.provides?.some(({ id }) => id === service.id)) throw refuse('undeclared_service', `"${service.id}" is not in provides.`)
      scope.services.set(service.id, value)
    },
    defer: (step) => void undo.push(step),
    task(task, run) {
      declare(`Task ${task}`)
      scope.tasks.push({ name: task, run })
    },
    keep: (key, make, drop) => host.keep.hold(scope, `${name}/${key}`, make, drop),
    emit: host.emit,
    secret: host.secrets.resolve,
    redact: host.secrets.redact,
    inspect: host.inspect,
  }
}

/** Begin a started scope's background tasks: each runs again, after a backoff, whenever it throws, until the scope ends. */
export function runTasks(scope: Scope, host: Host) {
  const { signal } = scope.abort
  for (const task of scope.tasks) {
    const supervise = async () => {
      for (let attempt = 0; !signal.aborted; attempt++) {
        try {
          return await task.run(signal)
        } catch (error) {
          if (signal.aborted) return
          host.fault(scope, attribute(error, scope.name, `task ${task.name}`))
          await sleep(backoffMs(attempt), signal)
        }
      }
    }
    void supervise()
  }
}
