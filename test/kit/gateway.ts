import { randomBytes } from 'node:crypto'
import { createGateway, type Gateway, type GatewayOptions, type LogRecord, type Plugin, type PluginUse } from 'openclaw'
import http from 'openclaw/plugins/http'
import koa from 'openclaw/plugins/koa'

export type TestGatewayOptions = Partial<GatewayOptions>

export interface TestGateway extends Omit<Gateway, 'reload'> {
  /** The operator's token, random for each gateway. Empty when `gateway.auth` was given. */
  readonly token: string
  /** Everything logged so far; the newest 10,000 records. */
  readonly log: readonly LogRecord[]
  /** A request with the operator's token; a header `authorization` of your own wins, an empty one sends none. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Reload with these options changed and the others as they are. */
  reload(change: TestGatewayOptions): ReturnType<Gateway['reload']>
}

const mostRecords = 10_000

/** The front of the port, unless the test brings its own: without it nothing answers. */
const withFront = (plugins: readonly (Plugin | PluginUse)[]) => {
  const given = plugins.map((item) => ('plugin' in item ? item.plugin : item).name)
  return [...[koa, http].filter(({ name }) => !given.includes(name)), ...plugins]
}

/** A gateway on a free loopback port, with the plugins `http` and `koa`. Its log is kept, not printed. Close it at the end of the test. */
export async function createTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const token = options.gateway?.auth ? '' : randomBytes(32).toString('hex')
  const log: LogRecord[] = []
  let current: GatewayOptions = {
    ...options,
    plugins: withFront(options.plugins ?? []),
    gateway: { port: 0, auth: { mode: 'token', token }, ...options.gateway },
    log(record) {
      if (log.push(record) > mostRecords) log.shift()
      options.log?.(record)
    },
  }
  const gateway = await createGateway(current)
  return {
    token,
    log,
    get url() {
      return gateway.url
    },
    get addresses() {
      return gateway.addresses
    },
    get warnings() {
      return gateway.warnings
    },
    close: (reason) => gateway.close(reason),
    inspect: () => gateway.inspect(),
    blame: gateway.blame,
    fetch(path, init = {}) {
      const headers = new Headers(init.headers)
      if (!headers.has('authorization') && token) headers.set('authorization', `Bearer ${token}`)
      if (headers.get('authorization') === '') headers.delete('authorization')
      return fetch(new URL(path, gateway.url), { ...init, headers })
    },
    async reload(change) {
      const next: GatewayOptions = {
        ...current,
        ...change,
        plugins: change.plugins ? withFront(change.plugins) : current.plugins,
        gateway: { ...current.gateway, ...change.gateway },
      }
      const report = await gateway.reload(next)
      current = next
      return report
    },
  }
}
