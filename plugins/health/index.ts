import { definePlugin } from 'openclaw/plugin'
import { type RawHandler, Routes } from '../contracts/http.js'
import { Probes } from '../contracts/probes.js'
import { createReadiness } from './readiness.js'
import { schema } from './schema.js'

const live = '{"ok":true,"status":"live"}'
const headers = { 'cache-control': 'no-store' }

export default definePlugin({
  api: 1,
  name: 'health',
  schema,
  apply(kernel) {
    const probes = kernel.table(Probes)
    const readiness = createReadiness({ inspect: () => kernel.inspect(), probes: () => probes.current.values() })
    const answerLive: RawHandler = (_req, _res, call) => call.replyJson(200, live, headers)
    const answerReady: RawHandler = (_req, _res, call) => {
      const { status, brief, detail } = readiness.read()
      call.replyJson(status, call.direct || call.principal ? detail : brief, headers)
    }
    kernel.surface(Routes).tap((routes) => {
      for (const [paths, handler] of [
        [['/health', '/healthz'], answerLive],
        [['/ready', '/readyz'], answerReady],
      ] as const) {
        for (const path of paths) {
          routes.get(path, { auth: 'public', raw: true }, handler)
          routes.head(path, { auth: 'public', raw: true }, handler)
        }
      }
    })
    // A load balancer must hear of a shutdown before the cached answer expires.
    kernel.hooks.drain.tap(() => readiness.expire())
  },
})
