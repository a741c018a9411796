import { networkInterfaces } from 'node:os'
import { join, resolve } from 'node:path'
import type { GatewayConfig } from 'openclaw'
import type { LocalGateway } from '../../plugins/contracts/offline.js'
import type { Composed } from '../config/document.js'
import { type Env, expandHome, type Paths } from '../paths.js'
import { bindMode, localPort, localUrl } from '../rpc/target.js'
import { findHolder } from './lock.js'

/** The gateway of this configuration on this machine, as configured, and the process that runs it. */
export async function describeLocal({ gateway, document }: Composed, env: Env, paths: Paths): Promise<LocalGateway> {
  const pid = await findHolder(paths)
  return {
    ...(pid !== undefined && { pid }),
    bindMode: bindMode(gateway),
    bindHost: bindHost(gateway),
    port: localPort(gateway, env),
    url: localUrl(gateway, env),
    logFile: logFile(document, paths),
  }
}

/** Where a gateway with this document writes its log. */
export function logFile(document: Readonly<Record<string, any>>, paths: Paths): string {
  const file: unknown = document['logging']?.file
  return typeof file === 'string' ? resolve(paths.state, expandHome(file, paths.home)) : join(paths.state, 'logs', 'gateway.jsonl')
}

function bindHost({ bind, customBindHost }: GatewayConfig): string {
  if (bind === 'lan') return '0.0.0.0'
  if (bind === 'custom' && customBindHost) return customBindHost
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const tailnet = addresses.find(({ address }) => /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./.test(address))
  return bind === 'tailnet' && tailnet ? tailnet.address : '127.0.0.1'
}
