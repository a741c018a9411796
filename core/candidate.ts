import { GatewayError, type Issue } from './errors.js'
import { assemble, type Generation, runPhase } from './generation.js'
import { attribute } from './guard.js'
import type { Reason } from './hooks.js'
import type { Limiter } from './limiter.js'
import { order } from './order.js'
import { type Entry, type Off, pendingPaths, plan, type Step } from './plan.js'
import type { Plugin, PluginUse } from './plugin.js'
import { emptySchema } from './schema.js'
import { createScope, type Host, runTasks, type Scope } from './scope.js'
import type { Settings } from './settings.js'
import { validateConfig } from './validate.js'

/** The next generation, started but not yet current. */
export interface Candidate {
  generation: Generation
  steps: Step[]
  /** Scopes made for it. */
  fresh: Scope[]
  /** Scopes of the running generation that it does not contain. */
  retired: Scope[]
  /** Live config for kept scopes, handed over at commit. */
  updates: { scope: Scope; config: unknown }[]
  off: Off[]
  pending: string[]
}

/** `tolerant` (boot): leave out what fails and what needs it. Otherwise (reload) the first problem refuses the whole. */
interface Policy {
  tolerant: boolean
  reason: Reason
  signal: AbortSignal
  limiter: Limiter
}

export const sectionOf = ({ section, name }: Plugin): string =>
  section === undefined ? `plugins.entries.${name}.config` : typeof section === 'string' ? section : section.path

/** Check each plugin's configuration against its schema, before any of its code runs. */
async function checkEntries(uses: readonly (Plugin | PluginUse)[]): Promise<{ entry: Entry; error?: GatewayError }[]> {
  return Promise.all(
    uses.map(async (item) => {
      const { plugin, config = {}, path, origin = 'bundled' }: PluginUse = 'plugin' in item ? item : { plugin: item }
      const { name, api } = plugin
      const section = path ?? sectionOf(plugin)
      const checked = await validateConfig(plugin.schema ?? emptySchema, config, section)
      const issues = checked.issues.map((issue): Issue => ({ ...issue, plugin: name }))
      if (api !== 1)
        issues.push({
          path: section,
          message: `Plugin "${name}" speaks contract ${api}, this gateway speaks 1. Install a matching version.`,
        })
      if (!/^[a-z][a-z0-9-]*$/.test(name)) issues.push({ path: section, message: `"${name}" is not a kebab-case plugin name.` })
      const entry = { plugin, config: checked.value, section, origin }
      return issues.length === 0 ? { entry } : { entry, error: invalidConfig(issues, name) }
    }),
  )
}

const invalidConfig = (issues: Issue[], plugin: string) =>
  new GatewayError('invalid_config', issues.map(({ path, message }) => `${path}: ${message}`).join('; '), { issues, plugin })

/** Build and start the generation that `uses` describe, beside the running one. On a throw nothing of it is left. */
export async function prepare(
  uses: readonly (Plugin | PluginUse)[],
  settings: Settings,
  running: Generation | undefined,
  host: Host,
  policy: Policy,
): Promise<Candidate> {
  const off: Off[] = []
  const made = new Map<string, Scope>()
  let left: Entry[] = []
  const leaveOut = ({ plugin: { name }, section, origin }: Entry, error: GatewayError) => {
    if (!policy.tolerant) throw error
    off.push({ name, reason: host.secrets.redact(error.message), section, origin })
    left = left.filter((entry) => entry.plugin.name !== name)
    void made.get(name)?.dispose()
    made.delete(name)
  }
  try {
    const checked = await checkEntries(uses)
    const invalid = checked.flatMap(({ error }) => error?.issues ?? [])
    if (invalid.length > 0 && !policy.tolerant) throw invalidConfig(invalid, invalid[0]?.plugin ?? '')
    for (const { entry, error } of checked) if (error) leaveOut(entry, error)
    const entries = checked.filter(({ error }) => !error).map(({ entry }) => entry)
    left = entries
    const alive = new Map(running?.scopes.map((scope) => [scope.name, scope]))
    const steps = plan(running?.scopes ?? [], entries)
    const kept = new Set(steps.filter(({ action }) => action === 'keep' || action === 'update').map(({ name }) => name))
    const place = (entry: Entry) => {
      const { name } = entry.plugin
      if (kept.has(name)) return alive.get(name) as Scope
      const scope = made.get(name) ?? createScope(entry, host)
      made.set(name, scope)
      return scope
    }
    let generation: Generation | undefined
    while (!generation) generation = await attempt(left, place, leaveOut, settings, (running?.id ?? 0) + 1, host, policy)
    const fresh = generation.scopes.filter(({ name }) => made.has(name))
    await startAll(
      generation,
      fresh.filter(({ name, plugin }) => !(plugin.exclusive && alive.has(name))),
      host,
      policy,
    )
    const retired = [...alive.values()].filter((scope) => generation.scope(scope.name) !== scope)
    const updated = entries.filter(({ plugin: { name } }) => steps.some((step) => step.name === name && step.action === 'update'))
    const updates = updated.map(({ plugin: { name }, config }) => ({ scope: alive.get(name) as Scope, config }))
    return { generation, steps, fresh, retired, updates, off, pending: pendingPaths(steps, entries) }
  } catch (error) {
    await discard([...made.values()], host)
    throw error
  }
}

/** Close and dispose scopes that never became current. */
export async function discard(scopes: readonly Scope[], host: Host) {
  const reversed = [...scopes].reverse()
  await runPhase('close', reversed, { reason: 'refused' }, host)
  for (const scope of reversed) await scope.dispose()
}

/** Place, assemble and validate. Undefined when a plugin had to be left out: what needs it is found by trying again. */
async function attempt(
  entries: readonly Entry[],
  place: (entry: Entry) => Scope,
  leaveOut: (entry: Entry, error: GatewayError) => void,
  settings: Settings,
  id: number,
  host: Host,
  { reason, limiter }: Policy,
): Promise<Generation | undefined> {
  const { ordered, problems } = order(entries)
  const scopes: Scope[] = []
  for (const { entry, error } of problems) leaveOut(entry, error)
  for (const entry of ordered) {
    try {
      scopes.push(place(entry))
    } catch (error) {
      leaveOut(entry, error as GatewayError)
    }
  }
  if (scopes.length < entries.length) return undefined
  const blame = (error: GatewayError) => {
    const entry = entries.find(({ plugin }) => plugin.name === error.plugin)
    if (!entry) throw error
    leaveOut(entry, error)
  }
  let generation: Generation
  try {
    generation = assemble(id, scopes, settings, limiter, host)
  } catch (thrown) {
    return void blame(attribute(thrown, 'gateway', 'assemble'))
  }
  for (const scope of scopes) if (scope.state === 'applied') scope.generation = generation
  const failures = await runPhase(
    'validate',
    scopes,
    { plugins: scopes.map(({ name }) => name), reason, table: ({ id: surface }) => generation.table(surface) },
    host,
  )
  for (const { error } of failures) blame(error)
  return failures.length > 0 ? undefined : generation
}

/** Start scopes in dependency order. Tolerant: what fails is `failed`, and so is what needs it; the others go on. */
async function startAll(generation: Generation, fresh: readonly Scope[], host: Host, { reason, signal, tolerant }: Policy) {
  for (const scope of fresh) {
    const error = await startScope(generation, scope, host, reason, signal)
    if (error && !tolerant) throw error
  }
}

/** Start one scope and mark it. Answers why it failed. */
export async function startScope(
  generation: Generation,
  scope: Scope,
  host: Host,
  reason: Reason,
  signal: AbortSignal,
): Promise<GatewayError | undefined> {
  const { name, plugin } = scope
  const providers = plugin.requires?.map((r) => ('optional' in r ? undefined : generation.services.get(r.id)?.plugin)) ?? []
  const broken = providers.find((provider) => provider !== undefined && generation.scope(provider)?.state === 'failed')
  scope.state = 'starting'
  const [failure] = broken
    ? [{ error: new GatewayError('plugin_waits', `because ${broken} failed`, { plugin: name, hook: 'start' }) }]
    : await runPhase('start', [scope], { signal, reason }, host)
  if (scope.state !== 'starting') return new GatewayError('scope_closed', 'The plugin was stopped while it started.', { plugin: name })
  scope.state = failure ? 'failed' : 'active'
  if (failure) scope.reason = host.secrets.redact(failure.error.message)
  else {
    delete scope.reason
    runTasks(scope, host)
  }
  return failure?.error
}
