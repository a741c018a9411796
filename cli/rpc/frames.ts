/** What a gateway may send. */
export type Frame =
  | {
      readonly type: 'res'
      readonly id: string
      readonly ok: boolean
      readonly payload?: any
      readonly error?: WireError
    }
  | { readonly type: 'event'; readonly event: string; readonly payload?: any }

export interface WireError {
  readonly code: string
  readonly message: string
  readonly details?: any
}

const keys = {
  res: ['type', 'id', 'ok', 'payload', 'error'],
  event: ['type', 'event', 'payload', 'seq', 'stateVersion'],
}

/** A frame of exactly the protocol's shape; anything else is undefined, and ignored as other clients do. */
export function readFrame(text: string): Frame | undefined {
  let frame: any
  try {
    frame = JSON.parse(text)
  } catch {
    return undefined
  }
  if (frame?.type !== 'res' && frame?.type !== 'event') return undefined
  if (Object.keys(frame).some((key) => !keys[frame.type as 'res' | 'event'].includes(key))) return undefined
  if (frame.type === 'event') return typeof frame.event === 'string' ? frame : undefined
  const failed = typeof frame.error?.code === 'string' && typeof frame.error.message === 'string'
  return typeof frame.id === 'string' && typeof frame.ok === 'boolean' && (frame.ok || failed) ? frame : undefined
}
