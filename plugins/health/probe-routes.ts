import type { RawHandler, RouteOptions } from '../contracts/http.js'
import type { Readiness } from './readiness.js'

interface RouteWriter {
  get(path: string, options: RouteOptions & { raw: true }, handler: RawHandler): void
  head(path: string, options: RouteOptions & { raw: true }, handler: RawHandler): void
}

const live = '{"ok":true,"status":"live"}'
const headers = { 'cache-control': 'no-store' }
const open = { auth: 'public', raw: true } as const

/** What load balancers and service managers ask. */
export function addProbeRoutes(routes: RouteWriter, readiness: { read(): Readiness }) {
  const answerLive: RawHandler = (_req, _res, call) => call.replyJson(200, live, headers)
  const answerReady: RawHandler = (_req, _res, call) => {
    const { status, brief, detail } = readiness.read()
    call.replyJson(status, call.direct || call.principal ? detail : brief, headers)
  }
  for (const [paths, handler] of [
    [['/health', '/healthz'], answerLive],
    [['/ready', '/readyz'], answerReady],
  ] as const) {
    for (const path of paths) {
      routes.get(path, open, handler)
      routes.head(path, open, handler)
    }
  }
}
