import { createGateway, type Gateway, type GatewayOptions } from 'openclaw'
import { type Log, type LogRecord, messageOf } from 'openclaw/plugin'
import type { Configuration } from '../../plugins/contracts/configuration.js'
import type { Assembled } from './assemble.js'
import { createInside, type ReadyState } from './inside.js'
import { createSecretResolver } from '../secrets/resolver.js'
import { readVersion } from '../version.js'

export interface RunnerSettings {
  readonly sink: (record: LogRecord) => void
  /** The console follows the file, within what the command line left open. */
  readonly showAs: (applied: Assembled) => void
  /** The gateway is up, or was changed, with this configuration. */
  readonly ready: (state: ReadyState, now: Assembled) => void
  /** For plugins that show the file. */
  readonly configuration: Configuration
}

/** The one gateway of this process, and the configuration it runs with. */
export interface Runner {
  /** Undefined before the first start succeeded. Edits are compared with it, so that none is forgotten. */
  applied(): Assembled
  running(): boolean
  start(next: Assembled): Promise<void>
  /** Change the running gateway, or throw and leave it as it was. */
  reload(next: Assembled): Promise<void>
  /** Close and create again in this process. What cannot be started gives way to what ran before; throws when neither can. */
  restart(next: Assembled): Promise<void>
  blame(plugin: string, where: string, thrown: unknown): void
  /** The file was taken note of without a change to the gateway. */
  note(next: Assembled): void
  close(): Promise<void>
  logFor(from: string): Log
}

export function createRunner(first: Assembled, settings: RunnerSettings): Runner {
  let applied = first
  let secrets = first.secrets
  let gateway: Gateway | undefined
  /** What is being started or reloaded right now. */
  let trying: Assembled | undefined
  const { plugin, logFor } = createInside(settings.sink, settings.configuration, (state) => settings.ready(state, trying ?? applied))
  const log = logFor('gateway')
  const resolve = createSecretResolver(() => secrets)
  const optionsOf = ({ options }: Assembled): GatewayOptions => ({
    ...options,
    plugins: [...options.plugins, plugin],
    secrets: resolve,
    log: settings.sink,
    version: readVersion(),
  })
  const note = (next: Assembled) => {
    applied = next
    settings.showAs(next)
  }
  /** While `next` is tried its secrets count; a refusal brings the old ones back. */
  const attempt = async (next: Assembled, work: () => Promise<unknown>) => {
    const before = secrets
    secrets = next.secrets
    trying = next
    try {
      await work()
      note(next)
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
      for (const message of gateway.warnings) log.warn(message)
    })
  const restart = async (next: Assembled) => {
    log.info('restart mode: in-process restart')
    await gateway?.close('The gateway is restarting.')
    gateway = undefined
    try {
      await start(next)
    } catch (error) {
      if (next === applied) throw error
      log.error(`gateway startup failed: ${messageOf(error)}; going back to the previous configuration`)
      await start(applied)
    }
  }
  return {
    applied: () => applied,
    running: () => gateway !== undefined,
    start,
    restart,
    reload: (next) => {
      const now = gateway
      return now ? attempt(next, () => now.reload(optionsOf(next))) : restart(next)
    },
    note,
    blame: (plugin, where, thrown) => void gateway?.blame(plugin, where, thrown),
    close: async () => gateway?.close(),
    logFor,
  }
}
