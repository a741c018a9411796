import trustedProxy from '../../plugins/trusted-proxy/index.js'
import { bootFixture, type Fixture, type FixtureOptions } from './gateway.js'

export const modes = ['token', 'password', 'none', 'trusted-proxy'] as const
export type Mode = (typeof modes)[number]

const secret = 'correct horse battery staple'

/** A gateway in one auth mode, with the header lines of somebody who may use it. */
export async function bootMode(mode: Mode, options: FixtureOptions = {}): Promise<Fixture & { mode: Mode; identity: string[] }> {
  const auth = { token: { mode, token: secret }, password: { mode, password: secret }, none: { mode }, 'trusted-proxy': { mode } }[mode]
  const proxied = mode === 'trusted-proxy'
  const fixture = await bootFixture({
    ...options,
    gateway: { port: 0, auth, ...(proxied && { trustedProxies: ['127.0.0.1'] }), ...options.gateway },
    plugins: [
      ...(proxied ? [{ plugin: trustedProxy, config: { userHeader: 'X-User', secretHeader: 'X-Proxy-Secret', secret } }] : []),
      ...(options.plugins ?? []),
    ],
  })
  const identity = { token: [`Authorization: Bearer ${secret}`], password: [`Authorization: Bearer ${secret}`], none: [] }
  return {
    ...fixture,
    mode,
    identity: mode === 'trusted-proxy' ? ['X-User: alice', `X-Proxy-Secret: ${secret}`, 'X-Forwarded-For: 203.0.113.5'] : identity[mode],
  }
}
