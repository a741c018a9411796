import { definePlugin } from 'openclaw/plugin'
import { Routes } from '../contracts/http.js'
import { schema } from './schema.js'

/** Tells operators how every plugin of this gateway stands. Its commands are in the manifest. */
export default definePlugin({
  api: 1,
  name: 'plugins',
  schema,
  apply(kernel) {
    kernel.surface(Routes).tap((routes) => {
      routes.get('/__openclaw__/plugins', { auth: 'gateway', scope: 'operator.read', raw: true }, (_req, _res, call) =>
        call.replyJson(200, kernel.inspect(), { 'cache-control': 'no-store' }),
      )
    })
  },
})
