import { type Log, messageOf } from 'openclaw/plugin'

export interface SignalHandlers {
  readonly log: Log
  /** Begin to shut down. Called once. */
  stop(reason: string): void
  restart(): void
  /** False while `commands.restart` is false. */
  mayRestart(): boolean
  /** State is unknown: leave soon, with exit code 1. Called once. */
  crash(): void
  /** Put what escaped a plugin on its account in the running gateway. */
  blame(plugin: string, where: string, thrown: unknown): void
  /** Folders of third-party plugins, by name. */
  sources(): ReadonlyMap<string, string>
}

/** Take the process's signals and stray errors. Answers the undo. */
export function handleSignals({ log, stop, restart, mayRestart, crash, blame, sources }: SignalHandlers): () => void {
  let stopping = false
  const ending = (signal: NodeJS.Signals) => () => {
    if (stopping) return log.warn(`received ${signal} during shutdown; ignoring`)
    stopping = true
    log.info(`signal ${signal} received`)
    log.info(`received ${signal}; shutting down`)
    stop(signal)
  }
  const restarting = () => {
    if (stopping) return log.warn('received SIGUSR1 during shutdown; ignoring')
    if (!mayRestart()) return log.warn('SIGUSR1 restart ignored (not authorized; commands.restart=false or use gateway tool).')
    log.info('signal SIGUSR1 received')
    log.info('received SIGUSR1; restarting')
    restart()
  }
  const rejected = (thrown: unknown) => {
    const plugin = pluginOf(thrown, sources())
    if (plugin) blame(plugin, 'unhandled rejection', thrown)
    log.error(`unhandled rejection${plugin ? ` in plugin "${plugin}"` : ''}: ${describe(thrown)}`, { plugin })
  }
  const crashed = (thrown: unknown) => {
    const plugin = pluginOf(thrown, sources())
    log.fatal(`uncaught exception${plugin ? ` in plugin "${plugin}"` : ''}: ${describe(thrown)}`, { plugin })
    if (stopping) return
    stopping = true
    crash()
  }
  const handlers: [event: string, handler: (...args: any[]) => void][] = [
    ['SIGTERM', ending('SIGTERM')],
    ['SIGINT', ending('SIGINT')],
    ['unhandledRejection', rejected],
    ['uncaughtException', crashed],
    // Windows has no such signal.
    ...(process.platform === 'win32' ? [] : [['SIGUSR1', restarting] as [string, () => void]]),
  ]
  for (const [event, handler] of handlers) process.on(event, handler)
  return () => {
    for (const [event, handler] of handlers) process.off(event, handler)
  }
}

const describe = (thrown: unknown) => (thrown instanceof Error && thrown.stack ? thrown.stack : messageOf(thrown))

/** The plugin whose folder is nearest to where an error was thrown. */
export function pluginOf(thrown: unknown, sources: ReadonlyMap<string, string>): string | undefined {
  const lines = thrown instanceof Error ? (thrown.stack ?? '').split('\n') : []
  for (const line of lines) {
    for (const [name, source] of sources) if (line.includes(source)) return name
    const [, name] = /[/\\]plugins[/\\]([a-z][a-z0-9-]*)[/\\.]/.exec(line) ?? []
    if (name) return name
  }
  return undefined
}
