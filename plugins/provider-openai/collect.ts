import type { Flow, Sink } from './origin.js'

/** A whole body as text. `cause` is why it is not whole. */
export interface Collected {
  readonly text: string
  readonly cause?: unknown
}

/** Read a body up to `maxBytes` and `maxMs`, then give up on the rest. */
export function collect(flow: Flow, maxBytes: number, maxMs: number): Sink & { readonly body: Promise<Collected> } {
  const chunks: Buffer[] = []
  let size = 0
  let settle: (body: Collected) => void
  const body = new Promise<Collected>((resolve) => (settle = resolve))
  const finish = (cause?: unknown) => {
    clearTimeout(timer)
    settle({ text: Buffer.concat(chunks).toString('utf8'), ...(cause !== undefined && { cause }) })
  }
  const giveUp = (reason: string) => flow.abort(new Error(reason))
  const timer = setTimeout(giveUp, maxMs, `The answer took longer than ${maxMs} ms.`)
  timer.unref()
  return {
    body,
    data(chunk) {
      size += chunk.length
      if (size > maxBytes) giveUp(`The answer is larger than ${maxBytes} bytes.`)
      else chunks.push(chunk)
    },
    end: () => finish(),
    fail: finish,
  }
}
