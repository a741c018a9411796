import type { IncomingMessage } from 'node:http'
import { Router, type RouterContext } from '@koa/router'
import Koa, { type Middleware } from 'koa'
import { GatewayError, messageOf, type Owner, type Row } from 'openclaw/plugin'
import { type Call, covers, type KoaRoutes, type Route, type RouteFailed } from '../contracts/http.js'

interface Exchange {
  row: Row<Route>
  call: Call
  failed: RouteFailed
  /** Owner of the innermost code that threw. */
  culprit?: Owner
}

/** Koa for the routes of one generation. Throws, attributed, for a pattern that can't be compiled. */
export function buildKoa(routes: readonly Row<Route>[], middleware: readonly Row<Middleware>[]): KoaRoutes {
  const router = new Router({ sensitive: true, strict: true })
  const layers = new Map(routes.map((row) => [row.key, { row, layer: layerOf(router, row) }]))
  const exchanges = new WeakMap<IncomingMessage, Exchange>()
  const app = createApp(exchanges)
  for (const { owner, value } of middleware) {
    app.use((ctx, next) => (owner.standing() === 'up' ? blame(exchanges.get(ctx.req), owner, () => value(ctx, next)) : next()))
  }
  app.use((ctx, next) => {
    const exchange = exchanges.get(ctx.req) as Exchange
    const { key, owner, value } = exchange.row
    const { layer } = layers.get(key) as { layer: Layer }
    const { path } = exchange.call
    Object.assign(ctx, { params: layer.params(path, layer.captures(path)) })
    return blame(exchange, owner, () => (value.handler as Middleware)(ctx as RouterContext, next))
  })
  const handle = app.callback()
  return {
    match(method, path) {
      const here = router.match(path, method).path.filter((layer) => covers(String(layer.path), path))
      // The most specific pattern wins, the first of equals: the order of plugins must not decide.
      const [best] = here
        .filter(({ methods }) => methods.includes(method))
        .sort((one, other) => one.paramNames.length - other.paramNames.length)
      const found = layers.get(best?.name ?? '')
      if (found) return { route: found.row, rest: '' }
      return here.length > 0 ? { allow: here.flatMap(({ methods }) => methods) } : undefined
    },
    serve(row, req, res, call, failed) {
      exchanges.set(req, { row, call, failed })
      void handle(req, res)
    },
  }
}

type Layer = ReturnType<Router['match']>['path'][number]

function layerOf(router: Router, { key, plugin, value }: Row<Route>): Layer {
  try {
    router.register(value.path, [value.method], value.handler as never, { name: key })
  } catch (error) {
    throw new GatewayError('bad_route', `Route ${key}: ${messageOf(error)}`, { plugin, hook: 'routes', cause: error })
  }
  return router.stack.at(-1) as Layer
}

function createApp(exchanges: WeakMap<IncomingMessage, Exchange>) {
  const app = new Koa()
  app.silent = true
  // Koa answers errors by itself; here they are first attributed to their plugin.
  app.context.onerror = function (error: unknown) {
    const exchange = exchanges.get(this.req)
    if (!error || !exchange) return
    const { call, row, failed, culprit = row.owner } = exchange
    const { expose, status, message } = error as { expose?: boolean; status?: number; message?: string }
    // `ctx.throw(4xx)` is Koa's way to answer, not a failure.
    if (expose && status !== undefined && status >= 400 && status < 500)
      call.replyJson(status, { error: { message, type: 'invalid_request_error', param: null, code: 'bad_request' } })
    else failed(error, culprit)
  }
  app.use((ctx, next) => {
    ctx.state['call'] = exchanges.get(ctx.req)?.call
    return next()
  })
  return app
}

async function blame<T>(exchange: Exchange | undefined, owner: Owner, action: () => T): Promise<Awaited<T>> {
  try {
    return await action()
  } catch (error) {
    if (exchange) exchange.culprit ??= owner
    // Koa takes a falsy value for no error, and would never answer.
    throw error ?? new Error(`threw ${error}`)
  }
}
