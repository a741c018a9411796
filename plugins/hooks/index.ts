import { Access, definePlugin, GatewayError } from 'openclaw/plugin'
import { Agents } from '../contracts/agents.js'
import { HookTransforms } from '../contracts/hooks.js'
import { Routes } from '../contracts/http.js'
import { Runs, SystemEvents } from '../contracts/runs.js'
import { Store } from '../contracts/store.js'
import { Claims, migrations } from './claims.js'
import { type Credentials, resolveCredentials } from './credentials.js'
import { createHandler } from './handler.js'
import { Limiter } from './limiter.js'
import { createRunner } from './runner.js'
import { type Config, schema } from './schema.js'
import { compileSettings } from './settings.js'
import { Work } from './work.js'

const methods = ['get', 'head', 'post', 'put', 'patch', 'delete'] as const

/** Requests from other programs that wake the main session or run an agent. */
export default definePlugin({
  api: 1,
  name: 'hooks',
  section: 'hooks',
  schema,
  requires: [Access, Agents, Runs, Store, SystemEvents],
  apply(kernel) {
    const config = kernel.config.current as Config
    const transforms = kernel.table(HookTransforms)
    if (!config.enabled) return
    const { log } = kernel
    const settings = compileSettings(config)
    const access = kernel.use(Access)
    const store = kernel.use(Store)
    const host = { agents: kernel.use(Agents), runs: kernel.use(Runs), events: kernel.use(SystemEvents), log }
    const limiter = kernel.keep(
      'limiter',
      () => new Limiter(),
      () => undefined,
    )
    let claims: Claims | undefined
    let resolved: Credentials | undefined
    let credentials: Credentials | undefined
    const started = <T>(value: T | undefined): T => {
      if (value !== undefined) return value
      throw new GatewayError('not_started', 'The hooks are not open yet.')
    }
    const runner = createRunner(host, () => started(claims))
    const work = new Work({ ...host, settings, transforms, runner, claims: () => started(claims) })
    const handler = createHandler({ settings, access, limiter, log, work, credentials: () => started(credentials) })
    // Every method, as a token in the query is refused whatever the method.
    kernel.surface(Routes).tap((routes) => {
      for (const method of methods) routes[method](`${settings.base}/`, { auth: 'signed', match: 'prefix', raw: true }, handler)
    })
    // Before anything is served: without a secret there is no route. Again with each reload, as a secret may have gone since.
    kernel.hooks.validate.tap(async ({ reason, table }) => {
      const sources = { access: access.current, transforms: table(HookTransforms), tolerant: reason === 'boot', secret: kernel.secret, log }
      resolved = await resolveCredentials(config.token, settings, sources)
    })
    kernel.hooks.start.tap(async () => {
      claims = new Claims(await store.current.open({ name: 'hooks', migrations }), log)
      credentials = resolved
    })
    kernel.hooks.ready.tap(() => {
      credentials = resolved
    })
  },
})
