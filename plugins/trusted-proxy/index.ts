import { Access, definePlugin, GatewayError, type Secret } from 'openclaw/plugin'
import { schema, type TrustedProxyConfig } from './schema.js'
import { proxyUser } from './user.js'

/** `gateway.auth.mode: trusted-proxy`: users are who a reverse proxy says they are. */
export default definePlugin({
  api: 1,
  name: 'trusted-proxy',
  section: 'gateway.auth.trustedProxy',
  schema,
  requires: [Access],
  apply(kernel) {
    const access = kernel.use(Access)
    let secret: Secret | undefined
    kernel.hooks.start.tap(async () => {
      const { userHeader, secretHeader, secret: ref } = kernel.config.current as TrustedProxyConfig
      if (access.current.mode !== 'trusted-proxy') return
      const path = 'gateway.auth.trustedProxy'
      const fail = (message: string) => new GatewayError('invalid_config', `${path}: ${message}`, { path, issues: [{ path, message }] })
      if (!userHeader?.trim())
        throw fail('gateway auth mode is trusted-proxy, but no trustedProxy config was provided (set gateway.auth.trustedProxy)')
      secret = await kernel.secret(ref)
      if (Boolean(secret) !== Boolean(secretHeader)) throw fail('needs both secretHeader and a secret that resolves, or neither')
      if (secret) return
      // On loopback the address says nothing: every local process has it.
      if (access.current.loopbackOnly) throw fail('on a loopback bind any local process could claim any user: set secretHeader and secret')
      kernel.log.warn(
        'Trusted-proxy auth has no second proof: anything on a trusted address can claim any user. Set secretHeader and secret.',
      )
    })
    kernel.hooks.authenticate.tap(({ peer, headers }) => {
      if (access.current.mode !== 'trusted-proxy') return undefined
      return proxyUser(kernel.config.current as TrustedProxyConfig, secret, peer, headers)
    })
  },
})
