import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { messageOf } from 'openclaw/plugin'
import { expandHome } from '../paths.js'
import { secretError, type SecretProvider } from './provider.js'

type FileProvider = Extract<SecretProvider, { source: 'file' }>

/** A value from a file that only this user can read. `id` is a JSON pointer, or `value` in `singleValue` mode. */
export async function readSecretFile(alias: string, provider: FileProvider, id: string, home: string): Promise<string> {
  const { mode = 'json', timeoutMs = 5_000, maxBytes = 1_048_576 } = provider
  const where = `secrets.providers.${alias}.path`
  const path = expandHome(provider.path, home)
  if (!isAbsolute(path)) throw secretError(`${where} must be absolute or begin with "~/".`)
  const late = secretError(`File provider "${alias}" timed out after ${timeoutMs}ms.`)
  const text = await within(timeoutMs, late, (signal) => readPrivate(path, where, alias, maxBytes, signal))
  if (mode === 'singleValue') return text.replace(/\r?\n$/, '')
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    document = undefined
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw secretError(`File provider "${alias}" payload is not a JSON object.`)
  const value = readPointer(document, id)
  if (typeof value !== 'string' || value === '') throw secretError(`File provider "${alias}" has no text at "${id}".`)
  return value
}

/** What is checked is what is read: one descriptor, opened without following a link. */
async function readPrivate(path: string, where: string, alias: string, maxBytes: number, signal: AbortSignal) {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
  const file = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ELOOP') throw secretError(`${where} must not be a symlink: ${path}`)
    throw secretError(`${where} is not readable: ${messageOf(error)}`)
  })
  try {
    const stats = await file.stat()
    const uid = process.getuid?.()
    if (!stats.isFile()) throw secretError(`${where} must be a file: ${path}`)
    if (uid !== undefined && stats.uid !== uid) throw secretError(`${where} must be owned by the current user (uid=${uid}): ${path}`)
    if (uid !== undefined && (stats.mode & 0o077) !== 0) throw secretError(`${where} permissions are too open (chmod 600 ${path})`)
    if (stats.size > maxBytes) throw secretError(`File provider "${alias}" exceeded maxBytes (${maxBytes}).`)
    return await file.readFile({ encoding: 'utf8', signal })
  } finally {
    await file.close()
  }
}

function readPointer(document: object, pointer: string): unknown {
  let value: unknown = document
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replace(/~1/g, '/').replace(/~0/g, '~')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

async function within<T>(limitMs: number, late: Error, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(limitMs)
  try {
    return await work(signal)
  } catch (error) {
    throw signal.aborted ? late : error
  }
}
