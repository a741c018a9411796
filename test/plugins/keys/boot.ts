import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { definePlugin, type Principal } from 'openclaw/plugin'
import type { TestGateway } from 'openclaw/testing'
import { type RawHandler, Routes } from '../../../plugins/contracts/http.js'
import keys from '../../../plugins/keys/index.js'
import type { ShownKey } from '../../../plugins/keys/method-rows.js'
import store from '../../../plugins/store/index.js'
import wsProtocol from '../../../plugins/ws-protocol/index.js'
import { bootGateway } from '../../support/gateway.js'
import { connectOperator, type Wire } from '../../support/operator.js'
import { startUpstream, type Upstream } from '../../support/upstream.js'

export interface Booted {
  readonly gateway: TestGateway
  readonly url: string
  readonly admin: Wire
  /** Every request that reached a handler, oldest first. */
  readonly arrivals: { readonly route: string; readonly principal: Principal | undefined }[]
  /** A new key: what is known of it, and its secret. */
  create(rights?: Record<string, unknown>): Promise<{ key: ShownKey; secret: string }>
  /** A request with this credential as bearer, and other headers. */
  as(secret: string, path: string, init?: RequestInit): Promise<Response>
  /** Replace the plugin `keys` by a reload. */
  replace(): Promise<void>
  close(): Promise<void>
}

/** Routes of programs and others, which only say that they were reached. */
function routesTelling(arrivals: Booted['arrivals']) {
  const say: RawHandler = (_req, _res, call) => {
    arrivals.push({ route: call.route, principal: call.principal })
    call.replyJson(200, {})
  }
  return definePlugin({
    api: 1,
    name: 'routes',
    apply: (kernel) =>
      kernel.surface(Routes).tap((routes) => {
        const read = { auth: 'gateway', scope: 'operator.read', raw: true } as const
        routes.get('/v1/things', read, say)
        routes.get('/things', read, say)
        routes.get('/koa/:id', { auth: 'gateway', scope: 'operator.read' }, (ctx) => void (ctx.body = 'reached'))
        routes.post('/v1/things', { ...read, scope: 'operator.write' }, say)
        routes.get('/admin', { ...read, scope: 'operator.admin' }, say)
      }),
  })
}

/** A gateway with keys and a connected administrator; in memory unless there is a state directory. */
export async function bootKeys(state?: string): Promise<Booted> {
  const arrivals: Booted['arrivals'] = []
  const routes = routesTelling(arrivals)
  const plugins = (own = keys) => [wsProtocol, store, own, routes]
  const gateway = await bootGateway({ plugins: plugins(), ...(state !== undefined && { paths: { state } }) })
  const { url, token } = gateway
  const admin = await connectOperator(url, { token })
  return {
    gateway,
    url,
    admin,
    arrivals,
    create: (rights = {}) => admin.call('keys.create', { name: 'someone', ...rights }),
    as: (secret, path, init = {}) => fetch(url + path, { ...init, headers: { authorization: `Bearer ${secret}`, ...init.headers } }),
    replace: async () => void (await gateway.reload({ plugins: plugins({ ...keys }) })),
    async close() {
      await admin.close()
      await gateway.close()
    },
  }
}

/** A gateway in front of a fake upstream, with an operator connected: for all tests of a `describe`. */
export function endpoints(options: (upstream: Upstream) => Promise<BootPlugins> | BootPlugins) {
  let upstream: Upstream
  let gateway: TestGateway
  let operator: Wire
  before(async () => {
    upstream = await startUpstream()
    gateway = await bootGateway(await options(upstream))
    operator = await connectOperator(gateway.url, { token: gateway.token })
  })
  after(async () => {
    await operator?.close()
    await gateway?.close()
    await upstream?.close()
  })
  return {
    get upstream() {
      return upstream
    },
    get gateway() {
      return gateway
    },
    get operator() {
      return operator
    },
  }
}
type BootPlugins = Parameters<typeof bootGateway>[0]

export const errorOf = async (response: Response): Promise<{ message: string; type: string; code: string; param: string | null }> =>
  ((await response.json()) as { error: never }).error

const made: string[] = []
export async function newState(): Promise<string> {
  const state = await mkdtemp(join(tmpdir(), 'keys-'))
  made.push(state)
  return state
}
after(() => Promise.all(made.map((state) => rm(state, { recursive: true, force: true }))))
