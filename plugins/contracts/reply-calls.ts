import { GatewayError } from 'openclaw/plugin'
import type { ChatEvent, ChatRequest, FinishReason } from './models.js'

/** A tool call as the reply numbers it: without gaps, with an id of its own. */
export interface ReplyCall {
  readonly index: number
  readonly id: string
  readonly name: string
  arguments: string
}

type Rules = Pick<ChatRequest, 'toolChoice' | 'parallelToolCalls'>

const idPattern = /^[A-Za-z0-9_-]{1,64}$/
const maxCalls = 128

/** The tool calls of one reply, in the order in which the model began them. */
export class ReplyCalls {
  readonly list: ReplyCall[] = []
  /** By the provider's number; undefined: the client wants no such call. */
  readonly #known = new Map<number, ReplyCall | undefined>()
  readonly #ids = new Set<string>()
  readonly #rules: Rules

  constructor(rules: Rules) {
    this.#rules = rules
  }

  /** The call that an event belongs to; its arguments are not appended yet. Undefined: leave the event out. */
  find({ index, id, name }: Extract<ChatEvent, { type: 'tool' }>): ReplyCall | undefined {
    if (this.#known.has(index)) return this.#known.get(index)
    const call = this.#begin(id, name)
    this.#known.set(index, call)
    return call
  }

  #begin(id: string | undefined, name: string | undefined): ReplyCall | undefined {
    if (!name) throw new GatewayError('upstream_bad_response', 'The model made a tool call without a name.')
    if (this.#known.size >= maxCalls) throw new GatewayError('upstream_bad_response', `The model made more than ${maxCalls} tool calls.`)
    const { toolChoice, parallelToolCalls } = this.#rules
    if (typeof toolChoice === 'object' && toolChoice.name !== name)
      throw new GatewayError('upstream_bad_response', 'The model called another tool than the one `tool_choice` names.')
    if (parallelToolCalls === false && this.list.length > 0) return undefined
    const call: ReplyCall = { index: this.list.length, id: this.#idOf(id), name, arguments: '' }
    this.list.push(call)
    return call
  }

  /** The provider's id where clients can send it back; else, and where two calls share one, an id of ours. */
  #idOf(id = ''): string {
    const unique = idPattern.test(id) && !this.#ids.has(id) ? id : `call_${crypto.randomUUID().replaceAll('-', '').slice(0, 24)}`
    this.#ids.add(unique)
    return unique
  }
}

/** Why the answer ended, checked against what the client asked for. `called` has the names of the tools called. */
export function finishReason(
  reason: FinishReason | undefined,
  called: readonly { readonly name: string }[],
  { toolChoice }: Pick<ChatRequest, 'toolChoice'>,
): FinishReason {
  if (reason === undefined) throw new GatewayError('upstream_error', 'The model stopped before its answer was complete.')
  // Cut short or filtered: that is the answer, and asking again would not change it.
  if (reason === 'length' || reason === 'content_filter') return reason
  if (called.length === 0 && toolChoice !== undefined && toolChoice !== 'auto' && toolChoice !== 'none')
    throw new GatewayError('upstream_bad_response', 'The model answered without the tool call that `tool_choice` requires.')
  return called.length > 0 ? 'tool_calls' : 'stop'
}
