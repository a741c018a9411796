import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { after } from 'node:test'
import { type CallInfo, definePlugin, type Kernel } from 'openclaw/plugin'
import { createTestGateway, type TestGateway, type TestGatewayOptions } from 'openclaw/testing'
import { type BodyLimits, type Call, type RawHandler, Routes, Upgrades } from '../../plugins/contracts/http.js'
import http from '../../plugins/http/index.js'

/** One arrival at a handler of the fixture. */
export interface Arrival {
  readonly route: string
  readonly path: string
  readonly rest: string
  /** The parameter of a Koa pattern. */
  readonly id: string | undefined
  readonly principal: CallInfo['principal']
  readonly direct: boolean
  readonly address: string
}

export interface Fixture {
  readonly gateway: TestGateway
  /** What it was booted with, for a reload. */
  readonly plugins: NonNullable<TestGatewayOptions['plugins']>
  readonly url: string
  /** `host:port` as in a Host header. */
  readonly host: string
  /** `Authorization` of the operator, as a header line. */
  readonly credential: string
  /** Everything that reached a handler, oldest first. */
  readonly arrivals: Arrival[]
  /** How often `/state` was changed. */
  changes(): number
  close(): Promise<void>
}

export interface FixtureOptions extends Omit<TestGatewayOptions, 'plugins'> {
  readonly plugins?: TestGatewayOptions['plugins']
  /** Config of the plugin `http`. */
  readonly http?: Record<string, unknown>
  readonly body?: BodyLimits
}

/** A test that fails does not come to close its gateway, and an open port would keep the process. */
const unclosed = new Set<TestGateway>()
after(() => Promise.all([...unclosed].map((gateway) => gateway.close())))

/** A test gateway that is closed at the end of the file at the latest. */
export async function bootGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = await createTestGateway(options)
  unclosed.add(gateway)
  return gateway
}

const read = 'operator.read'
const write = 'operator.write'

/** A gateway with one route of each kind, each of which says that it was reached. */
export async function bootFixture({ plugins = [], http: config = {}, body = {}, ...options }: FixtureOptions = {}): Promise<Fixture> {
  const arrivals: Arrival[] = []
  let changes = 0
  const arrive = (call: Call, id?: string) => {
    const { route, path, rest, principal, direct, address } = call
    arrivals.push({ route, path, rest, id, principal, direct, address })
  }
  const fixture = definePlugin({
    api: 1,
    name: 'fixture',
    apply(kernel: Kernel<never, never>) {
      const say: RawHandler = (_req, _res, call) => {
        arrive(call)
        call.replyJson(200, { route: call.route, rest: call.rest })
      }
      const change: RawHandler = (_req, _res, call) => {
        arrive(call)
        changes++
        call.replyJson(200, { changes })
      }
      kernel.surface(Routes).tap((routes) => {
        routes.get('/health', { auth: 'public', raw: true }, say)
        routes.head('/health', { auth: 'public', raw: true }, say)
        routes.get('/things', { auth: 'gateway', scope: read, raw: true }, say)
        routes.get('/v1/things', { auth: 'gateway', scope: read, raw: true }, say)
        routes.get('/state', { auth: 'gateway', scope: read, raw: true }, say)
        routes.post('/state', { auth: 'gateway', scope: write, raw: true }, change)
        routes.put('/state', { auth: 'gateway', scope: write, raw: true }, change)
        routes.delete('/state', { auth: 'gateway', scope: write, raw: true }, change)
        routes.get('/admin', { auth: 'gateway', scope: 'operator.admin', raw: true }, say)
        routes.get('/files/', { auth: 'gateway', scope: read, raw: true, match: 'prefix', encodedSlash: true }, say)
        routes.get('/plain/', { auth: 'gateway', scope: read, raw: true, match: 'prefix' }, say)
        routes.post('/hooks/sign', { auth: 'signed', raw: true }, say)
        routes.post('/v1/echo', { auth: 'gateway', scope: write, raw: true }, async (_req, _res, call) => {
          arrive(call)
          call.replyJson(200, await call.readJson(body))
        })
        routes.post('/v1/bytes', { auth: 'gateway', scope: write, raw: true }, async (_req, _res, call) => {
          arrive(call)
          call.replyJson(200, { bytes: (await call.readBody(body)).length })
        })
        routes.get('/v1/stream', { auth: 'gateway', scope: read, raw: true }, async (_req, _res, call) => {
          arrive(call)
          const stream = call.openEventStream()
          await stream.write('data: 1\n\n')
          stream.end('data: [DONE]\n\n')
        })
        routes.get('/v1/slow-stream', { auth: 'gateway', scope: read, raw: true }, async (_req, _res, call) => {
          arrive(call)
          const stream = call.openEventStream()
          await stream.write('data: 1\n\n')
          await new Promise<void>((resolve) => call.signal.addEventListener('abort', () => resolve()))
          stream.end('data: "stopped"\n\n')
        })
        routes.get('/koa/:id', { auth: 'gateway', scope: read }, (ctx) => {
          arrive(ctx.state['call'], ctx['params'].id)
          ctx.body = { id: ctx['params'].id }
        })
        routes.get('/koa/admin', { auth: 'gateway', scope: 'operator.admin' }, (ctx) => {
          arrive(ctx.state['call'])
          ctx.body = { admin: true }
        })
      })
      const accept = (_req: IncomingMessage, socket: Duplex, _head: Buffer, call: CallInfo) => {
        arrivals.push({ ...call, rest: '', id: undefined, direct: false })
        socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
      }
      kernel.surface(Upgrades).tap((upgrades) => {
        upgrades.add('/', { auth: 'handler', scope: '', handler: accept })
        upgrades.add('/socket', { auth: 'gateway', scope: read, handler: accept })
      })
    },
  })
  const all = [{ plugin: http, config }, fixture, ...plugins]
  const gateway = await bootGateway({ ...options, plugins: all })
  const host = gateway.addresses[0] as string
  return {
    gateway,
    plugins: all,
    url: gateway.url,
    host,
    credential: `Authorization: Bearer ${gateway.token}`,
    arrivals,
    changes: () => changes,
    async close() {
      await gateway.close()
      unclosed.delete(gateway)
    },
  }
}

/** The header lines of a well-formed upgrade. */
export const upgradeLines = (path: string, host: string, ...more: string[]) => [
  `GET ${path} HTTP/1.1`,
  `Host: ${host}`,
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ...more,
]
