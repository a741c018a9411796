import { randomUUID } from 'node:crypto'
import { Access, definePlugin, Front, GatewayError, messageOf, optional } from 'openclaw/plugin'
import { KoaBuilder, Middleware, Routes, Upgrades } from '../contracts/http.js'
import { answerState, isEnding } from './connection.js'
import { commonHeaders, dispatch } from './dispatch.js'
import { replyError } from './reply.js'
import { type HttpConfig, schema } from './schema.js'
import { compileSite, type Site } from './site.js'
import { endSocket, refuse, upgrade } from './upgrade.js'

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
  requires: [Access, optional(KoaBuilder)],
  provides: [Front],
  apply(kernel) {
    const access = kernel.use(Access)
    const koa = kernel.use(KoaBuilder)
    const routes = kernel.table(Routes)
    const upgrades = kernel.table(Upgrades)
    const middleware = kernel.table(Middleware)
    const { emit, log, redact } = kernel
    let closing = false
    const surroundings = { emit, log, redact, closing: () => closing }
    let compiled: { access: Access; site: Site } | undefined
    /** A generation has its own `Access`: a new one means new tables. */
    const site = (): Site => {
      const now = access.current
      if (compiled?.access !== now) {
        const tables = { routes: routes.current, upgrades: upgrades.current, middleware: middleware.current }
        compiled = { access: now, site: compileSite(kernel.config.current as HttpConfig, now, tables, koa.current, surroundings) }
      }
      return compiled.site
    }
    const failed = (error: unknown) => log.error(`could not answer a request: ${messageOf(error)}`)
    kernel.provide(Front, {
      request(req, res) {
        if (isEnding(req.socket)) return
        try {
          dispatch(req, res, site())
        } catch (error) {
          failed(error)
          replyError(res, error)
        }
      },
      upgrade(req, socket, head) {
        try {
          upgrade(req, socket, head, site())
        } catch (error) {
          failed(error)
          refuse(socket, error)
        }
      },
      malformed(socket, status) {
        const answer = answerState(socket)
        if (answer === 'begun') return void socket.destroy()
        if (answer === 'complete') return endSocket(socket)
        const [code, message] = parserCodes[status] ?? ['bad_request', 'Malformed request.']
        refuse(socket, new GatewayError(code, message), commonHeaders(randomUUID(), site()))
      },
    })
    // A pattern that can't be served refuses the candidate, in the name of the plugin that brought it.
    kernel.hooks.validate.tap(async ({ table }) => {
      const patterned = [...table(Routes).values()].filter(({ value }) => !value.raw)
      const [first] = patterned
      if (!first) return
      const { key, plugin } = first
      if (!koa.current) throw new GatewayError('bad_route', `Route ${key} is not raw: enable the plugin "koa".`, { plugin, hook: 'routes' })
      await koa.current.build(patterned, [])
    })
    kernel.hooks.ready.tap(async () => void (await site().koa?.()))
    kernel.hooks.drain.tap(() => {
      closing = kernel.inspect().state === 'closing'
    })
  },
})
