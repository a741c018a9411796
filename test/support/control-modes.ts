import trustedProxy from '../../plugins/trusted-proxy/index.js'
import { bootControl, type Control, type ControlOptions } from './control.js'
import type { Mode } from './modes.js'

/** The shared secret of every mode: also the one by which the proxy proves itself. */
export const secret = 'kV4hTq9ZsW2mXc7LrB1n'

/** What the proxy sends for a user. */
export const proxyHeaders = { 'x-user': 'alice', 'x-proxy-secret': secret, 'x-forwarded-for': '203.0.113.5' }

/** What makes a connection one that is not local, though it comes over loopback. */
export const remoteHeaders = { host: 'nas.internal' }

/** A gateway in one auth mode, and what proves the shared credential to it. */
export async function bootInMode(mode: Mode, { gateway = {}, plugins = [], ...options }: ControlOptions = {}) {
  const auth = { token: { mode, token: secret }, password: { mode, password: secret }, none: { mode }, 'trusted-proxy': { mode } }[mode]
  const proxied = mode === 'trusted-proxy'
  const control: Control = await bootControl({
    ...options,
    gateway: { port: 0, ...(proxied && { trustedProxies: ['127.0.0.1'] }), ...gateway, auth: { ...auth, ...gateway.auth } },
    plugins: [
      ...(proxied ? [{ plugin: trustedProxy, config: { userHeader: 'X-User', secretHeader: 'X-Proxy-Secret', secret } }] : []),
      ...plugins,
    ],
  })
  const proof = {
    token: { auth: { token: secret } },
    password: { auth: { password: secret } },
    none: {},
    'trusted-proxy': { headers: proxyHeaders },
  }
  return { ...control, mode, proof: proof[mode] as { auth?: Record<string, string>; headers?: Record<string, string> } }
}
