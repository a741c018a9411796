import { definePlugin, type Inspection, type Kernel, type Level, type Log, type LogRecord, optional } from 'openclaw/plugin'
import { Configuration } from '../../plugins/contracts/configuration.js'
import { Models } from '../../plugins/contracts/models.js'

/** What the CLI sees of the gateway from the inside. */
export interface Inside {
  readonly plugin: ReturnType<typeof createPlugin>
  /** Log lines of the CLI: to the console, and to the running gateway's log taps, so that its log file has them too. */
  logFor(from: string): Log
}

/** The gateway is up, or was changed. */
export interface ReadyState {
  readonly inspection: Inspection
  /** Key of the model that answers when nobody names one. */
  readonly model: string | undefined
}
type Ready = (state: ReadyState) => void

const levels: readonly Level[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']

/** The CLI takes part in the gateway as a plugin, by the same door as any other. */
export function createInside(sink: (record: LogRecord) => void, configuration: Configuration, ready: Ready): Inside {
  let live: Kernel | undefined
  const plugin = createPlugin(configuration, ready, (kernel) => {
    live = kernel
    kernel.defer(() => {
      if (live === kernel) live = undefined
    })
  })
  const write = (from: string, level: Level) => (message: string, fields?: Readonly<Record<string, unknown>>) => {
    const safe = live ? live.redact(message) : message
    const record: LogRecord = { time: Date.now(), level, from, message: safe, ...(fields && { fields }) }
    sink(record)
    live?.emit('logged', record)
  }
  return {
    plugin,
    logFor: (from) => Object.fromEntries(levels.map((level) => [level, write(from, level)])) as Log,
  }
}

const createPlugin = (configuration: Configuration, ready: Ready, adopt: (kernel: Kernel) => void) =>
  definePlugin({
    api: 1,
    name: 'cli',
    requires: [optional(Models)],
    provides: [Configuration],
    apply(kernel) {
      const models = kernel.use(Models)
      kernel.provide(Configuration, configuration)
      adopt(kernel)
      kernel.hooks.ready.tap(() => ready({ inspection: kernel.inspect(), model: models.current?.primary()?.key }))
    },
  })
