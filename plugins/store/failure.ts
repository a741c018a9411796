import { GatewayError, messageOf } from 'openclaw/plugin'

const damage = new Set([11, 26])
/** Primary result codes that are about the disk or the file, and not about what was asked. */
const disk = new Set([5, 6, 7, 8, 10, 13, 14, 15, ...damage])

const primaryCode = (error: unknown): number => Number((error as { errcode?: unknown } | undefined)?.errcode) & 0xff

/** Corrupt, or no database at all. */
export const isDamage = (error: unknown) => damage.has(primaryCode(error))

export const isDiskError = (error: unknown) => disk.has(primaryCode(error))

const remedies: Readonly<Record<number, string>> = {
  5: 'Another program holds it locked: let that one finish.',
  8: 'Make the file and its directory writable for this user.',
  11: 'It is damaged: stop the gateway, salvage it with "sqlite3 FILE .recover", start again.',
  13: 'The disk is full: free some space.',
  14: 'Make the file and its directory readable and writable for this user.',
}

/** `store_failed`, with the file, the reason and the remedy. */
export function storeFailed(path: string, what: 'open' | 'write', cause: unknown): GatewayError {
  const remedy = remedies[primaryCode(cause)] ?? 'Check the disk, and the rights of this user on the file and its directory.'
  return new GatewayError('store_failed', `Cannot ${what} ${path || 'the database in memory'}: ${messageOf(cause)}. ${remedy}`, { cause })
}
