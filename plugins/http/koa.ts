import type { IncomingMessage, ServerResponse } from 'node:http'
import { Router } from '@koa/router'
import Koa, { type Middleware } from 'koa'
import type { Row } from 'openclaw/plugin'
import type { Call, Route } from '../contracts/http.js'
import type { Match } from './routes.js'

/** The routes of one generation that are not raw: patterned ones, and whatever likes Koa's context. */
export interface KoaRoutes {
  match(method: string, path: string): Match
  /** Rejects with what the handler threw. */
  serve(req: IncomingMessage, res: ServerResponse, call: Call): Promise<void>
}

/** Build Koa for a generation. Imported only where a route needs it. */
export function buildKoa(routes: readonly Row<Route>[], middleware: readonly Row<Middleware>[]): KoaRoutes {
  const router = new Router()
  const byName = new Map(routes.map((row) => [row.key, row]))
  for (const { key, value } of routes) router.register(value.path, [value.method.toLowerCase()], value.handler as never, { name: key })
  const calls = new WeakMap<IncomingMessage, { call: Call; failed: (error: unknown) => void }>()
  const app = new Koa()
  app.silent = true
  // Koa answers errors by itself; here they are first attributed to their plugin.
  app.context.onerror = function (error: unknown) {
    if (error) calls.get(this.req)?.failed(error)
  }
  app.use((ctx, next) => {
    ctx.state['call'] = calls.get(ctx.req)?.call
    return next()
  })
  for (const { value } of middleware) app.use(value)
  app.use(router.routes())
  const handle = app.callback()
  return {
    match(method, path) {
      const { pathAndMethod, path: layers } = router.match(path, method)
      const name = pathAndMethod.findLast((layer) => layer.methods.length > 0)?.name
      const route = name === undefined ? undefined : byName.get(name)
      if (route) return { route, rest: '' }
      const methods = new Set(layers.flatMap((layer) => layer.methods))
      return methods.size > 0 ? { allow: [...methods].join(', ') } : undefined
    },
    serve: (req, res, call) =>
      new Promise((resolve, reject) => {
        calls.set(req, { call, failed: reject })
        handle(req, res).then(resolve, reject)
      }),
  }
}
