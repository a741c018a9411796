import { randomBytes } from 'node:crypto'
import type { ChatEvent } from '../contracts/models.js'
import { malformed } from './failure.js'

/** A piece of a call, as the many servers send it. */
export interface ToolDelta {
  index?: unknown
  id?: unknown
  function?: { name?: unknown; arguments?: unknown } | null
}

/** Puts pieces of calls in order. Errors: `upstream_bad_response`. */
export interface ToolCalls {
  read(delta: ToolDelta, into: ChatEvent[]): void
  /** Whether there was one. */
  any(): boolean
}

const maxCalls = 128

/**
 * Not every server numbers its calls: some leave `index` out, some say 0 for every one. A new id is a new call; a piece
 * without either belongs to the last one.
 */
export function createToolCalls(provider: string): ToolCalls {
  /** Ours by theirs, and the id the call began with. */
  const slots = new Map<number, { index: number; id: string }>()
  let next = 0
  let last = 0
  return {
    any: () => next > 0,
    read({ index, id, function: called }, into) {
      const sentId = typeof id === 'string' && id !== '' ? id : undefined
      const slot = typeof index === 'number' ? index : sentId !== undefined ? next : last
      const known = slots.get(slot)
      const args = argumentsOf(called?.arguments)
      last = slot
      if (known && (sentId === undefined || sentId === known.id)) {
        if (args !== '') into.push({ type: 'tool', index: known.index, arguments: args })
        return
      }
      const name = called?.name
      if (typeof name !== 'string' || name === '') throw malformed(provider, 'a tool call without a name')
      if (next === maxCalls) throw malformed(provider, `more than ${maxCalls} tool calls`)
      const call = { index: next++, id: sentId ?? `call_${randomBytes(12).toString('hex')}` }
      slots.set(slot, call)
      into.push({ type: 'tool', ...call, name, arguments: args })
    },
  }
}

/** Text by the protocol; some servers send the object itself. */
function argumentsOf(value: unknown): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(value)
}
