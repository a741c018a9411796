import { setTimeout as sleep } from 'node:timers/promises'
import { type LoadedFile, loadConfig } from 'openclaw/config'
import { GatewayError, type Issue, type Log, messageOf } from 'openclaw/plugin'
import { changedPaths, reloadClass } from '../../core/plan.js'
import { type Assembled, assemble, type Launch } from './assemble.js'
import { locate } from '../config/check.js'
import { configVariables } from '../config/environment.js'
import type { Runner } from './runner.js'
import { isRecord, valueAt, withValue } from '../config/sections.js'

const missingRetries = 2
const missingRetryMs = 150
/** Read where they are used: by this process's reload manager and by clients. */
const ignoredPaths = ['gateway.reload', 'gateway.remote', '$schema']
const below = (path: string, parents: readonly string[]) => parents.some((parent) => path === parent || path.startsWith(`${parent}.`))

/** Look at the file again and do about it what `gateway.reload.mode` says. Never throws; what is refused is logged. */
export async function evaluateFile(launch: Launch, runner: Runner, log: Log, signal: AbortSignal) {
  const file = await readPresent(launch, log, signal, runner.applied().file.exists)
  if (!file || signal.aborted) return
  // With no gateway left by a restart that failed, every look at the file is another try.
  const idle = !runner.running()
  if (file.hash === runner.applied().file.hash && !idle) return
  let next: Assembled | undefined
  try {
    next = await assemble(file, launch, true)
    if (idle) await runner.restart(next)
    else await applyChange(next, launch, runner, log)
  } catch (error) {
    refuse(log, error, file, next)
  }
}

async function applyChange(next: Assembled, launch: Launch, runner: Runner, log: Log) {
  const applied = runner.applied()
  const [before, after] = [applied.composed.document, next.composed.document]
  const paths = changedPaths(before, after, '')
  if (paths.length === 0) return runner.note(next)
  const shown = paths.join(', ')
  log.info(`config change detected; evaluating reload (${shown})`)
  const mode = next.composed.gateway.reload?.mode ?? 'hybrid'
  if (mode === 'off') return log.info('config reload disabled (gateway.reload.mode=off)')
  if (paths.every((path) => below(path, ignoredPaths))) {
    runner.note(next)
    return log.info(`config change applied (dynamic reads: ${shown})`)
  }
  const leaves = paths.flatMap((path) => leavesOf(path, before, after))
  const needed = leaves.filter((path) => reloadClass(next.composed.schema, path.split('.')) === 'process')
  if (mode === 'restart' || (mode === 'hybrid' && needed.length > 0)) {
    log.info(`config change requires gateway restart (${(mode === 'restart' ? paths : needed).join(', ')})`)
    return runner.restart(next)
  }
  if (needed.length > 0) log.warn(`config reload requires gateway restart; hot mode ignoring (${needed.join(', ')})`)
  const done = paths.filter((path) => leaves.some((leaf) => below(leaf, [path]) && !needed.includes(leaf)))
  if (done.length === 0) return
  await runner.reload(needed.length > 0 ? await assemble(keepOld(next.file, applied, needed), launch, true) : next)
  log.info(`config hot reload applied (${done.join(', ')})`)
}

/** A section that comes or goes as a whole is one difference; what it means is said by the values in it. */
function leavesOf(path: string, ...documents: unknown[]): string[] {
  const values = documents.map((document) => valueAt(document, path)).filter(isRecord)
  const keys = new Set(values.flatMap((value) => Object.keys(value)))
  return keys.size === 0 ? [path] : [...keys].flatMap((key) => leavesOf(`${path}.${key}`, ...documents))
}

/** Read the file; while an editor replaces it, it may be missing for a moment. */
async function readPresent(launch: Launch, log: Log, signal: AbortSignal, expected: boolean): Promise<LoadedFile | undefined> {
  for (let attempt = 0; ; attempt++) {
    const file = await loadConfig(launch.paths.config, configVariables(launch.env))
    if (file.exists) return file
    if (!expected) return undefined
    if (attempt === missingRetries || signal.aborted) return void log.warn('config reload skipped (config file not found)')
    log.info(`config reload retry (${attempt + 1}/${missingRetries}): config file not found`)
    await sleep(missingRetryMs, undefined, { signal }).catch(() => undefined)
  }
}

/** The new file with the values that this process cannot change taken from the old one: they stay a difference. */
function keepOld(file: LoadedFile, applied: Assembled, paths: readonly string[]): LoadedFile {
  const document = paths.reduce((now, path) => withValue(now, path.split('.'), valueAt(applied.file.document, path)), file.document)
  return { ...file, document, hash: '' }
}

/** Name what is wrong with file, line and path. A failure without a path of its own sits at its plugin's section. */
function refuse(log: Log, thrown: unknown, file: LoadedFile, next?: Assembled) {
  const error = thrown instanceof GatewayError ? thrown : undefined
  if (error && error.issues.length > 0)
    return log.error(`config reload skipped (invalid config): ${error.issues.map((issue) => place(issue, file)).join(', ')}`)
  const section = next?.options.plugins
    .map((use) => ('plugin' in use ? use : { plugin: use, path: undefined }))
    .find(({ plugin }) => plugin.name === error?.plugin)
  const at = section?.path === undefined ? '' : `${place({ path: error?.path ?? section.path, message: '' }, file)}`
  log.error(`config reload failed: ${at}${messageOf(thrown)}`)
}

/** As in `/x/openclaw.json:12 gateway.port: Invalid input`. */
function place(issue: Issue, from: LoadedFile): string {
  const { file, line, path, message } = locate(issue, from)
  return `${file}${line === undefined ? '' : `:${line}`} ${path === '' ? '<root>' : path}: ${message}`
}
