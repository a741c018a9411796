import { type Candidate, discard, prepare, startScope } from './candidate.js'
import { GatewayError, messageOf } from './errors.js'
import { type Generation, runPhase } from './generation.js'
import { attribute, backoffMs, createDeadlines, sleep } from './guard.js'
import { hooks, type Reason } from './hooks.js'
import { type Inspection, inspectGeneration } from './inspect.js'
import { createKeep } from './keep.js'
import { createLimiter } from './limiter.js'
import { createLogBook } from './log.js'
import type { Off, Report } from './plan.js'
import type { Gateway, GatewayOptions } from './options.js'
import { createPorts, type Port } from './port.js'
import { retire } from './retire.js'
import type { Host, Scope } from './scope.js'
import { createSecretBook, type ResolveSecret } from './secret.js'
import { compileSettings, type Settings } from './settings.js'
import { createTurns } from './turns.js'

const plainText: ResolveSecret = async (ref) => (typeof ref === 'string' ? ref : undefined)

/** Start a gateway. Rejects when the kernel's own settings are invalid or the port can't be bound; a plugin that fails is left out. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  let current: Generation | undefined
  let port: Port | undefined
  let off: readonly Off[] = []
  let pending: readonly string[] = []
  let state: Inspection['state'] = 'starting'
  const startedAt = Date.now()
  const stopping = new AbortController()
  const past = new Set<Generation>()
  const retiring = new Set<Promise<void>>()
  const secrets = createSecretBook(options.secrets ?? plainText)
  const book = createLogBook(options.log ?? (() => undefined), secrets.redact)
  const log = book.for('gateway')
  const limiter = createLimiter()
  const ports = createPorts(() => current?.front, log)

  const inspect = (): Inspection => ({
    ...(current ? inspectGeneration(current, off) : { generation: 0, plugins: [], services: {} }),
    version: options.version ?? '0.0.0',
    pid: process.pid,
    startedAt,
    state,
    listening: [...(port?.addresses ?? [])],
    pending: [...pending],
  })
  const host: Host = {
    logFor: book.for,
    keep: createKeep(log),
    secrets,
    deadlines: createDeadlines(),
    paths: { state: options.paths?.state, config: options.paths?.config },
    inspect,
    budgetMs: (hook) => (current?.settings.limits ?? options.limits)?.budgetsMs?.[hook] ?? hooks[hook].budgetMs,
    emit: (name, event) => current?.events[name]?.call(event),
    fault(scope, { code, hook = '', message: told }) {
      const { name: plugin, faults } = scope
      const error = { code, hook, message: secrets.redact(told) }
      const quarantined = faults.record(error)
      if (hook === 'logged') return
      log.error(error.message, { plugin, hook, code })
      if (quarantined)
        log.error(`plugin "${plugin}" is quarantined until ${new Date(faults.until()).toISOString()}: five faults in a minute`)
      if (hook !== 'fault') host.emit('fault', { error, plugin, quarantined })
    },
  }
  /** Generations with work in progress, and the current one. */
  const generations = () => {
    for (const generation of past) if (generation.held.size === 0) past.delete(generation)
    return current ? [...past, current] : []
  }

  async function change(next: GatewayOptions, reason: Reason): Promise<Report> {
    const began = performance.now()
    const settings = await compileSettings(next, secrets)
    const policy = { tolerant: reason === 'boot', reason, signal: stopping.signal, limiter }
    const candidate = await prepare(next.plugins, settings, current, host, policy)
    const { generation, steps, fresh } = candidate
    const before = current && port && { settings: current.settings, port }
    let moved: Port
    try {
      // Bound before the commit, so that a port that is taken refuses the reload.
      moved = await ports.move(settings, before)
      if (state === 'closing') throw new GatewayError('shutting_down', 'The gateway is closing.')
    } catch (error) {
      if (before) port = await ports.restore(before)
      await discard(fresh, host)
      throw error
    }
    commit(candidate, next, moved)
    await succeed(candidate, settings)
    const inState = (wanted: Scope['state']) => generation.scopes.filter((scope) => scope.state === wanted)
    const failed = inState('failed').map(({ name, reason: why = '' }) => ({ name, reason: why }))
    const durationMs = performance.now() - began
    const report: Report = { reason, generation: generation.id, steps, durationMs, off: [...off, ...failed], pending: candidate.pending }
    await runPhase('ready', inState('active'), { reason, report }, host)
    return report
  }

  /** One synchronous block: before it nothing changed, after it everything has. */
  function commit(candidate: Candidate, next: GatewayOptions, moved: Port) {
    const { generation } = candidate
    if (current) past.add(current)
    for (const scope of generation.scopes) scope.generation = generation
    for (const { scope, config } of candidate.updates) scope.config = config
    current = generation
    limiter.configure(generation.settings.limiter)
    off = [...(next.off ?? []), ...candidate.off]
    pending = candidate.pending
    if (state === 'starting') state = 'running'
    book.attach(generation.events.logged)
    if (moved !== port) port?.stop()
    port = moved
  }

  /** After the commit: exclusive successors wait for their predecessors, the rest of the old goes in the background. */
  async function succeed({ generation, fresh, retired }: Candidate, { limits }: Settings) {
    const how = { deadlineMs: limits.drainMs, reason: 'The plugin that served this was replaced.', cut: stopping.signal }
    const waiting = generation.scopes.filter((scope) => scope.state === 'applied')
    const replaced = (scope: Scope) => waiting.some(({ name }) => name === scope.name)
    await retire(retired.filter(replaced), generations, host, how)
    for (const scope of waiting) await startScope(generation, scope, host, 'reload', stopping.signal)
    const others = retired.filter((scope) => !replaced(scope))
    const background = retire(others, generations, host, how)
      .catch((error) => log.error(`could not retire: ${messageOf(error)}`))
      .then(() => void retiring.delete(background))
    retiring.add(background)
    // One that failed before and was kept is being retried already.
    for (const scope of fresh) if (scope.state === 'failed') void retryStart(scope)
  }

  async function retryStart(scope: Scope) {
    for (let attempt = 0; scope.state === 'failed'; attempt++) {
      await sleep(backoffMs(attempt), stopping.signal)
      if (stopping.signal.aborted || scope.state !== 'failed' || !current?.scopes.includes(scope)) return
      if (!(await startScope(current, scope, host, 'retry', stopping.signal))) log.info(`plugin "${scope.name}" started`)
    }
  }

  const turns = createTurns((next: GatewayOptions) => change(next, 'reload'))

  let closed: Promise<void> | undefined
  async function shutDown(reason: string) {
    state = 'closing'
    await turns.idle()
    const { scopes, settings } = current as Generation
    await retire(scopes, generations, host, { deadlineMs: settings.limits.closeDrainMs, reason, cut: new AbortController().signal })
    stopping.abort()
    await Promise.all(retiring)
    state = 'closed'
    ports.closeAll()
  }

  await change(options, 'boot')
  return {
    get url() {
      return (port as Port).url
    },
    get addresses() {
      return (port as Port).addresses
    },
    get warnings() {
      return (current as Generation).settings.warnings
    },
    reload: turns.take,
    close: (reason = 'The gateway is shutting down.') => (closed ??= shutDown(reason)),
    inspect,
    blame(plugin, where, thrown) {
      const scope = current?.scope(plugin)
      if (scope) host.fault(scope, attribute(thrown, plugin, where))
      return scope !== undefined
    },
  }
}
