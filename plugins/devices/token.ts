import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GatewayError, messageOf, Secret } from 'openclaw/plugin'
import type { Grant } from './standing.js'

const keyBytes = 32

/** 43 characters of base64url, of which the last carries four bits: anything else was never issued. */
export const isWellFormed = (token: string) => /^[\w-]{42}[AEIMQUYcgkosw048]$/.test(token)

/** The token of a grant. It is computed and kept nowhere: the database without the key gives none away. */
export const tokenOf = (key: Buffer, deviceId: string, { role, issueId }: Pick<Grant, 'role' | 'issueId'>): Secret =>
  new Secret(createHmac('sha256', key).update(`${deviceId}\n${role}\n${issueId}`).digest('base64url'))

/** The key that tokens are computed with: from its file, made with the first start. Without a state directory a key of this process. */
export async function loadKey(state: string | undefined): Promise<Buffer> {
  if (state === undefined) return randomBytes(keyBytes)
  const path = join(state, 'identity', 'device-token.key')
  try {
    return (await readKey(path)) ?? (await makeKey(path))
  } catch (cause) {
    const remedy = 'Make it readable for this user alone, or move it away: a new one is made, and every device gets a new token.'
    throw new GatewayError('device_key_failed', `Cannot use ${path}: ${messageOf(cause)}. ${remedy}`, { cause })
  }
}

async function readKey(path: string): Promise<Buffer | undefined> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  if (!file) return undefined
  try {
    const { mode } = await file.stat()
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) await file.chmod(0o600)
    const key = Buffer.from((await file.readFile('utf8')).trim(), 'base64url')
    if (key.length !== keyBytes) throw new Error(`it does not hold ${keyBytes} bytes as base64url`)
    return key
  } finally {
    await file.close()
  }
}

/** Whole or not at all: of two that make it at once, the first one's counts for both. */
async function makeKey(path: string): Promise<Buffer> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomUUID()}`
  try {
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(`${randomBytes(keyBytes).toString('base64url')}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(draft, { force: true })
  }
  return (await readKey(path)) as Buffer
}
