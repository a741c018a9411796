import { connect, type Socket } from 'node:net'

/** One response, as it came over the wire. */
export interface RawReply {
  readonly status: number
  /** By lower-case name; repeated ones joined with a line feed, so that no test mistakes two for one. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A connection that sends bytes as given and reports everything that came back. */
export interface RawConnection {
  readonly socket: Socket
  /** Resolves when the bytes were handed to the kernel. Errors show as a closed connection, not here. */
  send(bytes: string | Uint8Array): Promise<void>
  /** Complete responses so far, interim ones (1xx) without the 101 left out. */
  replies(): RawReply[]
  /** Status codes of interim responses so far. */
  interim(): number[]
  /** Bytes after the last complete response. */
  rest(): string
  /** Everything received. */
  received(): string
  /** Waits until there are `count` responses, or the connection is closed, or time is up. */
  until(count: number, limitMs?: number): Promise<RawReply[]>
  /** Whether the peer closed within the time. */
  closes(limitMs?: number): Promise<boolean>
  readonly isClosed: boolean
  /** Milliseconds from connect to close, once closed. */
  readonly closedAfterMs: number
  destroy(): void
}

export const crlf = '\r\n'

/** A request from lines and a body, with nothing added. */
export const raw = (lines: readonly string[], body = '') => lines.map((line) => line + crlf).join('') + crlf + body

interface Parsed {
  replies: RawReply[]
  interim: number[]
  rest: string
}

/** Responses in what was received so far. `bodiless` says which of them, by index, answer a HEAD. */
function parse(text: string, closed: boolean, bodiless: (index: number) => boolean): Parsed {
  const replies: RawReply[] = []
  const interim: number[] = []
  let rest = text
  for (;;) {
    const end = rest.indexOf(crlf + crlf)
    if (end === -1) break
    const [first = '', ...lines] = rest.slice(0, end).split(crlf)
    const match = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(first)
    if (!match) break
    const status = Number(match[1])
    const headers = headersOf(lines)
    const after = rest.slice(end + 4)
    if (status >= 100 && status < 200 && status !== 101) {
      interim.push(status)
      rest = after
      continue
    }
    const empty = status === 101 || status === 204 || status === 304 || bodiless(replies.length)
    const body = empty ? { text: '', rest: after } : bodyOf(headers, after, closed)
    if (!body) break
    replies.push({ status, headers, body: body.text })
    rest = body.rest
  }
  return { replies, interim, rest }
}

function headersOf(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers[name] = headers[name] === undefined ? value : `${headers[name]}\n${value}`
  }
  return headers
}

/** Undefined while the body is not complete. */
function bodyOf(headers: Record<string, string>, after: string, closed: boolean): { text: string; rest: string } | undefined {
  if (headers['transfer-encoding'] === 'chunked') return chunkedBody(after)
  const length = headers['content-length']
  if (length === undefined) return closed ? { text: after, rest: '' } : undefined
  const bytes = Number(length)
  return after.length < bytes ? undefined : { text: after.slice(0, bytes), rest: after.slice(bytes) }
}

function chunkedBody(after: string): { text: string; rest: string } | undefined {
  let text = ''
  let rest = after
  for (;;) {
    const line = rest.indexOf(crlf)
    if (line === -1) return undefined
    const size = Number.parseInt(rest.slice(0, line), 16)
    const from = line + 2
    // No size: something else was written into the middle of the body.
    if (Number.isNaN(size) || rest.length < from + size + 2) return undefined
    text += rest.slice(from, from + size)
    rest = rest.slice(from + size + 2)
    if (size === 0) return { text, rest }
  }
}

/** Open a connection to a gateway. `head`: indexes of the responses that answer a HEAD. */
export async function rawConnect(url: string, { head = [] as readonly number[] } = {}): Promise<RawConnection> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname.replace(/[[\]]/g, ''), port: Number(port), allowHalfOpen: true, noDelay: true })
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  const openedAt = performance.now()
  let received = ''
  let closed = false
  let closedAfterMs = Number.NaN
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const check of waiting) check()
  }
  const finish = () => {
    if (!closed) closedAfterMs = performance.now() - openedAt
    closed = true
    wake()
  }
  socket.setEncoding('latin1')
  socket
    .on('data', (chunk: string) => {
      received += chunk
      wake()
    })
    .on('end', finish)
    .on('close', finish)
    .on('error', finish)
  const parsed = () => parse(received, closed, (index) => head.includes(index))
  const wait = (met: () => boolean, limitMs: number) =>
    new Promise<boolean>((resolve) => {
      const settle = (result: boolean) => {
        waiting.delete(check)
        clearTimeout(timer)
        resolve(result)
      }
      const check = () => {
        if (met()) settle(true)
      }
      const timer = setTimeout(() => settle(false), limitMs)
      waiting.add(check)
      check()
    })
  return {
    socket,
    send: (bytes) =>
      new Promise((resolve) => {
        if (socket.destroyed) resolve()
        else socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, () => resolve())
      }),
    replies: () => parsed().replies,
    interim: () => parsed().interim,
    rest: () => parsed().rest,
    received: () => received,
    async until(count, limitMs = 3_000) {
      await wait(() => closed || parsed().replies.length >= count, limitMs)
      return parsed().replies
    },
    closes: (limitMs = 3_000) => wait(() => closed, limitMs),
    get isClosed() {
      return closed
    },
    get closedAfterMs() {
      return closedAfterMs
    },
    destroy: () => void socket.destroy(),
  }
}

/** Send bytes on a new connection and wait for the first response. The connection is closed afterwards. */
export async function rawRequest(url: string, bytes: string | Uint8Array, options: { head?: boolean; limitMs?: number } = {}) {
  const connection = await rawConnect(url, { head: options.head ? [0] : [] })
  try {
    await connection.send(bytes)
    const [reply] = await connection.until(1, options.limitMs)
    if (!reply)
      throw new Error(`no response to ${JSON.stringify(String(bytes).slice(0, 200))}; got ${JSON.stringify(connection.received())}`)
    return reply
  } finally {
    connection.destroy()
  }
}

/** Send bytes on a new connection and wait until the peer closes it. */
export async function rawExchange(url: string, bytes: string | Uint8Array, limitMs = 3_000) {
  const connection = await rawConnect(url)
  try {
    await connection.send(bytes)
    const closed = await connection.closes(limitMs)
    return { replies: connection.replies(), rest: connection.rest(), closed }
  } finally {
    connection.destroy()
  }
}

/** Run jobs, a few at a time, in order of start. */
export async function pool<T, R>(items: readonly T[], width: number, job: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await job(items[at] as T)
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results
}
