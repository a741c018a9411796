import { loadConfig, watchConfig } from 'openclaw/config'
import { type Log, messageOf } from 'openclaw/plugin'
import { type Assembled, assemble, type Launch } from './assemble.js'
import { configVariables } from '../config/environment.js'
import { evaluateFile } from './reload.js'
import { createRunner, type Runner, type RunnerSettings } from './runner.js'
import { whenStopped } from './stop.js'

/**
 * Run a gateway until a signal ends it; answers the exit code. Follows the configuration file, restarts in place on
 * SIGUSR1. Rejects when the first start fails.
 */
export async function runHost(launch: Launch, first: Assembled, settings: RunnerSettings): Promise<number> {
  const runner = createRunner(first, settings)
  const log = runner.logFor('gateway')
  const stopping = new AbortController()
  const serially = createQueue((error) =>
    log.error(`gateway startup failed: ${messageOf(error)}. Process will stay alive; fix the issue and restart.`),
  )
  const stop = whenStopped({
    log,
    restart: () => void serially(async () => runner.restart(await newest(launch, runner.applied(), log))),
    mayRestart: () => runner.applied().composed.own.commands.restart !== false,
    close: () => {
      stopping.abort()
      return runner.close()
    },
    blame: runner.blame,
    sources: () => runner.applied().composed.sources,
  })
  try {
    const early = await Promise.race([runner.start(first), stop.code])
    if (early !== undefined) return early
    void followFile(launch, runner, serially, stopping.signal)
    return await stop.code
  } finally {
    stop.release()
  }
}

type Serially = (work: () => Promise<unknown>) => Promise<void>

/** One piece of work at a time, in order. */
function createQueue(failed: (error: unknown) => void): Serially {
  let tail = Promise.resolve()
  return (work) => {
    tail = tail.then(work).then(() => undefined, failed)
    return tail
  }
}

async function followFile(launch: Launch, runner: Runner, serially: Serially, signal: AbortSignal) {
  const log = runner.logFor('reload')
  const failed = (error: unknown) => log.error(`config watcher error: ${messageOf(error)}`)
  const changed = () => serially(() => evaluateFile(launch, runner, log, signal))
  const debounceMs = () => runner.applied().composed.gateway.reload?.debounceMs ?? 300
  try {
    await watchConfig(launch.paths.config, { debounceMs, signal, changed, failed })
    // What was edited between reading and watching.
    await changed()
  } catch (error) {
    failed(error)
  }
}

/** What a restart starts: the file as it is now, or, when that is no good, what ran before. */
async function newest(launch: Launch, applied: Assembled, log: Log): Promise<Assembled> {
  const file = await loadConfig(launch.paths.config, configVariables(launch.env))
  if (!file.exists) return applied
  try {
    return await assemble(file, launch, false)
  } catch (error) {
    log.error(`restarting with the previous configuration: ${messageOf(error)}`)
    return applied
  }
}
