import { Access, definePlugin, Front, GatewayError } from 'openclaw/plugin'
import { Middleware, Routes, Upgrades } from '../contracts/http.js'
import { dispatch } from './dispatch.js'
import { type HttpConfig, schema } from './schema.js'
import { compileSite, type Site } from './site.js'
import { refuse, upgrade } from './upgrade.js'

const parserCodes: Record<number, [code: string, message: string]> = {
  408: ['request_timeout', 'The request did not arrive in time.'],
  431: ['headers_too_large', 'The header block is too large.'],
}

/** The front of the port: routes, upgrades and middleware of every plugin, behind one grammar and one access decision. */
export default definePlugin({
  api: 1,
  name: 'http',
  section: 'gateway.http',
  schema,
  requires: [Access],
  provides: [Front],
  apply(kernel) {
    const access = kernel.use(Access)
    const routes = kernel.table(Routes)
    const upgrades = kernel.table(Upgrades)
    const middleware = kernel.table(Middleware)
    let closing = false
    let compiled: { access: Access; site: Site } | undefined
    /** A generation has its own `Access`: a new one means new tables. */
    const site = (): Site => {
      const now = access.current
      if (compiled?.access !== now) {
        const tables = { routes: routes.current, upgrades: upgrades.current, middleware: middleware.current }
        compiled = { access: now, site: compileSite(kernel.config.current as HttpConfig, now, tables) }
      }
      return compiled.site
    }
    kernel.provide(Front, {
      request: (req, res) => dispatch(req, res, site(), kernel, closing),
      upgrade: (req, socket, head) => upgrade(req, socket, head, site(), kernel, closing),
      malformed(socket, status) {
        const [code, message] = parserCodes[status] ?? ['bad_request', 'Malformed request.']
        refuse(socket, new GatewayError(code, message))
      },
    })
    kernel.hooks.ready.tap(() => void site().koa?.())
    kernel.hooks.drain.tap(() => {
      closing = kernel.inspect().state === 'closing'
    })
  },
})
