import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { GatewayError, messageOf } from 'openclaw/plugin'
import type { GatewayConfig } from 'openclaw'
import type { Paths } from './paths.js'
import { type Credentials, requireCredentials } from './rpc/credentials.js'
import { describePlace, type Place, refusePlaintext } from './rpc/target.js'
import { openPinned, trustOf } from './rpc/trust.js'
import type { SecretContext } from './secrets/resolver.js'

const mostBytes = 16_777_216

interface RequestContext {
  readonly gateway: GatewayConfig
  readonly secrets: SecretContext
  readonly paths: Paths
  readonly place: Place
  readonly credentials: Credentials
  readonly timeoutMs: number
}

/** GET a path of the running gateway. Throws `not_reachable`, `unsafe_url` or `rpc_setup`. */
export async function requestGateway(path: string, context: RequestContext): Promise<{ status: number; body: any }> {
  const { gateway, secrets, paths, place, credentials, timeoutMs } = context
  refusePlaintext(place, secrets.env, paths)
  requireCredentials(credentials, place, paths.config)
  const { token, password } = credentials
  const credential = gateway.auth?.mode === 'password' ? (password ?? token) : (token ?? password)
  const headers = credential === undefined ? {} : { authorization: `Bearer ${credential}` }
  const { ca, fingerprint } = await trustOf(place, gateway, paths)
  const target = new URL(path, place.url.replace(/^ws/, 'http'))
  try {
    const pinned = fingerprint === undefined ? undefined : await openPinned(place.url, fingerprint, timeoutMs)
    return await new Promise((resolve, reject) => {
      const options = {
        headers,
        signal: AbortSignal.timeout(timeoutMs),
        ...(ca !== undefined && { ca }),
        ...(pinned ? { createConnection: () => pinned } : { agent: false as const }),
      }
      const call = (target.protocol === 'https:' ? httpsRequest : httpRequest)(target, options, (response) => {
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
      `Gateway not reachable. Is it running and accessible?\n${describePlace(place, gateway, paths)}\n${messageOf(error)}`,
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
