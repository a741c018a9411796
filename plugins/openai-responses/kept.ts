import { GatewayError, type Principal } from 'openclaw/plugin'
import type { Item } from './items.js'
/** Whose response it is, and in what conversation it may be continued. */
export interface Scope {
  /** Kind and id of the principal: all that retrieval asks for. */
  readonly credential: string
  /** Agent and session key: what else has to be the same to continue. */
  readonly context: string
}

export const credentialOf = ({ kind, id }: Principal): string => `${kind}:${id}`
export const scopeOf = (principal: Principal, agent: string, session: string | undefined): Scope => ({
  credential: credentialOf(principal),
  context: JSON.stringify([agent, session ?? null]),
})

export type Lane = 'proxy' | 'agent'

/** A response that ended, to be written down. */
export interface Entry {
  readonly id: string
  readonly scope: Scope
  readonly lane: Lane
  /** What it continues. */
  readonly previous: Chain | undefined
  /** Items of its own request, as JSON. */
  readonly input: string
  /** Its own items, as JSON. */
  readonly output: string
  /** The response object as it is sent. */
  readonly response: string
}

/** A response and what came before it. */
export interface Chain {
  readonly id: string
  readonly lane: Lane
  /** Input and output of every step, in order. */
  readonly items: readonly Item[]
}

/** Responses that were answered, for a while. What is not there, and what is somebody else's, look the same. */
export interface Kept {
  /** Resolves when it is on disk, where there is one. False: it is too large, or nothing is kept. */
  add(entry: Entry): Promise<boolean>
  /** A response that may be continued. Error: `context_length_exceeded` where its items have more than `maxBytes`. */
  chain(id: string, scope: Scope, maxBytes: number): Chain | undefined
  /** An output item of a response that may be continued. */
  item(id: string, scope: Scope): Item | undefined
  /** The response object, and the items of its own request; both as JSON. */
  find(id: string, credential: string): { readonly response: string; readonly input: string } | undefined
  remove(id: string, credential: string): Promise<boolean>
  /** Let go of what is over the limits. */
  prune(): Promise<void>
}

export const tooLong = () =>
  new GatewayError('context_length_exceeded', 'The conversation that `previous_response_id` continues is too long.', {
    param: 'previous_response_id',
  })

export const itemIn = (output: string, id: string): Item | undefined =>
  (JSON.parse(output) as (Item & { id: string })[]).find((item) => item.id === id)
