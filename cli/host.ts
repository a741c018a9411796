import { createGateway, type Gateway, type GatewayOptions } from 'openclaw'
import { loadConfig, watchConfig } from 'openclaw/config'
import { type Log, type LogRecord, messageOf } from 'openclaw/plugin'
import { type Assembled, assemble, type Launch } from './assemble.js'
import { configVariables } from './environment.js'
import { createInside, type ReadyState } from './inside.js'
import { evaluateFile } from './reload.js'
import { createSecretResolver } from './secrets.js'
import { whenStopped } from './stop.js'

export interface HostSettings {
  readonly sink: (record: LogRecord) => void
  /** The console follows the file, within what the command line left open. */
  readonly showAs: (applied: Assembled) => void
  /** The gateway is up, or was changed, with this configuration. */
  readonly ready: (state: ReadyState, now: Assembled) => void
}

/**
 * Run a gateway until a signal ends it; answers the exit code. Follows the configuration file, restarts in place on
 * SIGUSR1. Rejects when the first start fails.
 */
export async function runHost(launch: Launch, first: Assembled, settings: HostSettings): Promise<number> {
  let applied = first
  /** What is being started or reloaded right now. */
  let trying: Assembled | undefined
  const { plugin, logFor } = createInside(settings.sink, (state) => settings.ready(state, trying ?? applied))
  const log = logFor('reload')
  const main = logFor('gateway')
  let secrets = first.secrets
  let gateway: Gateway | undefined
  const optionsOf = ({ options }: Assembled): GatewayOptions => ({
    ...options,
    plugins: [...options.plugins, plugin],
    secrets: createSecretResolver(() => secrets),
    log: settings.sink,
  })
  const adopt = (next: Assembled) => {
    applied = next
    settings.showAs(next)
  }
  /** While `next` is tried its secrets count; a refusal brings the old ones back. */
  const attempt = async (next: Assembled, work: () => Promise<void>) => {
    const before = secrets
    secrets = next.secrets
    trying = next
    try {
      await work()
      adopt(next)
    } catch (error) {
      secrets = before
      throw error
    } finally {
      trying = undefined
    }
  }
  const start = (next: Assembled) =>
    attempt(next, async () => {
      gateway = await createGateway(optionsOf(next))
      for (const message of gateway.warnings) main.warn(message)
    })
  const restart = async (next: Assembled) => {
    main.info('restart mode: in-process restart')
    await gateway?.close('The gateway is restarting.')
    gateway = undefined
    try {
      await start(next)
    } catch (error) {
      if (next === applied) throw error
      main.error(`gateway startup failed: ${messageOf(error)}; going back to the previous configuration`)
      await start(applied)
    }
  }
  const target = {
    applied: () => applied,
    reload: (next: Assembled) =>
      gateway ? attempt(next, async () => void (await (gateway as Gateway).reload(optionsOf(next)))) : restart(next),
    restart,
    note: adopt,
  }

  const stopping = new AbortController()
  const serially = createQueue((error) =>
    main.error(`gateway startup failed: ${messageOf(error)}. Process will stay alive; fix the issue and restart.`),
  )
  const stop = whenStopped({
    log: main,
    restart: () => void serially(async () => restart(await newest(launch, applied, log))),
    mayRestart: () => applied.composed.own.commands.restart !== false,
    close: async () => {
      stopping.abort()
      await gateway?.close()
    },
    sources: () => applied.composed.sources,
  })
  try {
    const early = await Promise.race([start(first), stop.code])
    if (early !== undefined) return early
    const evaluate = () => serially(() => evaluateFile(launch, target, log, stopping.signal))
    void followFile(launch, {
      debounceMs: () => applied.composed.gateway.reload?.debounceMs ?? 300,
      evaluate,
      log,
      signal: stopping.signal,
    })
    return await stop.code
  } finally {
    stop.release()
  }
}

interface Following {
  debounceMs: () => number
  evaluate: () => Promise<void>
  log: Log
  signal: AbortSignal
}

async function followFile({ paths }: Launch, { debounceMs, evaluate, log, signal }: Following) {
  const failed = (error: unknown) => log.error(`config watcher error: ${messageOf(error)}`)
  try {
    await watchConfig(paths.config, { debounceMs, signal, changed: evaluate, failed })
    // What was edited between reading and watching.
    await evaluate()
  } catch (error) {
    failed(error)
  }
}

/** One piece of work at a time, in order. */
function createQueue(failed: (error: unknown) => void) {
  let tail = Promise.resolve()
  return (work: () => Promise<unknown>): Promise<void> => {
    tail = tail.then(work).then(() => undefined, failed)
    return tail
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
