import { base64Bytes } from './images.js'

/** A `data:` URI with a base64 body. Nothing is decoded yet. */
export interface DataUri {
  /** Media type in lower case; undefined when none is given. */
  readonly type: string | undefined
  readonly charset: string | undefined
  readonly base64: string
  /** Size of the decoded body. */
  readonly bytes: number
}

const maxHeadLength = 256

/** Undefined when it is no `data:` URI, not base64, or empty. */
export function parseDataUri(uri: string): DataUri | undefined {
  const head = /^data:([^,]*),/i.exec(uri.slice(0, maxHeadLength))
  if (!head) return undefined
  const metadata = (head[1] as string).split(';').map((part) => part.trim().toLowerCase())
  if (metadata.at(-1) !== 'base64') return undefined
  const base64 = uri.slice(head[0].length)
  const bytes = base64Bytes(base64)
  if (bytes === undefined || bytes === 0) return undefined
  const charset = metadata.find((part) => part.startsWith('charset='))?.slice('charset='.length)
  return { type: metadata.find((part) => part.includes('/')), charset, base64, bytes }
}

/** The first bytes of the body. */
export const firstBytes = ({ base64 }: DataUri, count: number): Buffer =>
  Buffer.from(base64.slice(0, Math.ceil(count / 3) * 4), 'base64').subarray(0, count)
