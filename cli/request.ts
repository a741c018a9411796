import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { GatewayError, messageOf } from 'openclaw/plugin'
import type { GatewayConfig } from 'openclaw'
import { clientCredential } from './gateway/auth.js'
import { portFromEnvironment } from './gateway/flags.js'
import type { Env } from './paths.js'
import { createSecretResolver, type SecretContext } from './secrets/resolver.js'
import { loadTls } from './gateway/tls.js'
import type { Paths } from './paths.js'

const mostBytes = 16_777_216

/** Where the gateway of this configuration is, as an HTTP address. */
function targetOf(gateway: GatewayConfig, env: Env): { url: URL; source: string } {
  const distant = gateway.mode === 'remote' ? gateway.remote?.['url'] : undefined
  const given = env['OPENCLAW_GATEWAY_URL']
  if (given || typeof distant === 'string') {
    const url = new URL((given || (distant as string)).replace(/^ws/, 'http'))
    return { url, source: given ? 'env OPENCLAW_GATEWAY_URL' : 'config gateway.remote.url' }
  }
  const port = portFromEnvironment(env) ?? gateway.port ?? 18_789
  return { url: new URL(`${gateway.tls?.enabled ? 'https' : 'http'}://127.0.0.1:${port}`), source: 'local loopback' }
}

/** A credential never crosses a network in the clear. */
function refusePlain(url: URL) {
  const loopback = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  if (url.protocol === 'http:' && !loopback)
    throw new GatewayError(
      'unsafe_url',
      `SECURITY ERROR: Gateway URL "${url.href.replace(/^http/, 'ws')}" uses plaintext ws:// to a non-loopback address.`,
    )
}

/** GET a path of the running gateway with this configuration's credential. Throws `not_reachable` or `unsafe_url`. */
export async function requestGateway(
  path: string,
  { gateway, secrets, paths, timeoutMs }: { gateway: GatewayConfig; secrets: SecretContext; paths: Paths; timeoutMs: number },
): Promise<{ status: number; body: any }> {
  const { url, source } = targetOf(gateway, secrets.env)
  refusePlain(url)
  const credential = await clientCredential(
    gateway,
    secrets.env,
    createSecretResolver(() => secrets),
  )
  const headers = credential === undefined ? {} : { authorization: `Bearer ${credential}` }
  // A certificate the gateway made for itself is known here: it is in the same state directory.
  const ca =
    source === 'local loopback' && gateway.tls?.enabled ? (await loadTls({ ...gateway.tls, autoGenerate: false }, paths)).cert : undefined
  const target = new URL(path, url)
  try {
    return await new Promise((resolve, reject) => {
      const options = { headers, agent: false as const, signal: AbortSignal.timeout(timeoutMs), ...(ca && { ca }) }
      const call = (url.protocol === 'https:' ? httpsRequest : httpRequest)(target, options, (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > mostBytes) call.destroy(new Error('the answer is too large'))
          else chunks.push(chunk)
        })
        response.on('error', reject)
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parseBody(Buffer.concat(chunks).toString('utf8')) }))
      })
      call.on('error', reject)
      call.end()
    })
  } catch (error) {
    throw new GatewayError(
      'not_reachable',
      `Gateway not reachable. Is it running and accessible?\nGateway target: ${url.href.replace(/^http/, 'ws')}\nSource: ${source}\nConfig: ${paths.config}\n${messageOf(error)}`,
      { cause: error },
    )
  }
}

const parseBody = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
