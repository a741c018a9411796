import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeDurably } from '../config/durable.js'

/** Tokens that gateways gave this device, by the gateway's URL. A convenience: what cannot be read or written is not there. */
export interface DeviceTokens {
  get(url: string): string | undefined
  keep(url: string, token: string): Promise<void>
  drop(url: string): Promise<void>
}

interface Kept {
  readonly token: string
  readonly updatedAtMs: number
}

/** Gateways that are remembered; the one not heard of for longest goes first. */
const most = 32

/** Those in `<state>/identity/device-auth.json`. Another device's are no use: they go when the key changes. */
export async function loadDeviceTokens(state: string, deviceId: string): Promise<DeviceTokens> {
  const file = join(state, 'identity', 'device-auth.json')
  const tokens = await read(file, deviceId)
  const save = async () => {
    const newest = [...tokens].sort(([, a], [, b]) => b.updatedAtMs - a.updatedAtMs).slice(0, most)
    const text = JSON.stringify({ version: 1, deviceId, operator: Object.fromEntries(newest) }, null, 2)
    await writeDurably(file, `${text}\n`).catch(() => undefined)
  }
  return {
    get: (url) => tokens.get(url)?.token,
    async keep(url, token) {
      // Both are this client's own: nobody learns anything from the time it takes.
      if (Object.is(tokens.get(url)?.token, token)) return
      tokens.set(url, { token, updatedAtMs: Date.now() })
      await save()
    },
    async drop(url) {
      if (tokens.delete(url)) await save()
    },
  }
}

async function read(file: string, deviceId: string): Promise<Map<string, Kept>> {
  try {
    const document = JSON.parse(await readFile(file, 'utf8')) as { deviceId: string; operator: Record<string, Kept> }
    const usable = Object.entries(document.operator).filter(
      ([, kept]) => typeof kept?.token === 'string' && typeof kept.updatedAtMs === 'number',
    )
    return new Map(document.deviceId === deviceId ? usable : [])
  } catch {
    return new Map()
  }
}
