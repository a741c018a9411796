import { GatewayError } from 'openclaw/plugin'
import type { Rpc } from '../contracts/offline.js'

/** Whoever ends the grant that they came with is cut off by it, perhaps before the answer: then `instead` is the answer. */
export async function callUntilCutOff<T>(gateway: Rpc, method: string, params: { deviceId: string }, instead: T): Promise<T> {
  try {
    return await gateway.call(method, params)
  } catch (error) {
    if (params.deviceId === gateway.deviceId && error instanceof GatewayError && closeCodeOf(error) === 1008) return instead
    throw error
  }
}

const closeCodeOf = ({ details }: GatewayError) => (details as { close?: { code?: number } } | undefined)?.close?.code
