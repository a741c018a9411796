import { GatewayError, printable } from 'openclaw/plugin'
import { agentIdPattern } from '../contracts/agents.js'

/** What the `model` of a request names. */
export type Named =
  | { readonly kind: 'none' }
  /** `id` undefined: the default agent. `lenient`: the default agent too, if there is none called `id`. */
  | { readonly kind: 'agent'; readonly id?: string; readonly lenient?: boolean }
  | { readonly kind: 'ref'; readonly ref: string }

const none: Named = { kind: 'none' }
const defaultAgent: Named = { kind: 'agent' }
const reserved = /^(?:openclaw$|openclaw[/:]|agent:)/i

/** Tell agent aliases from model refs. Errors: `invalid_value` with param `model`. */
export function classify(model: unknown): Named {
  if (model === undefined || model === null) return none
  if (typeof model !== 'string') throw new GatewayError('invalid_value', '`model` must be a string.', { param: 'model' })
  const ref = model.trim()
  if (ref === '') return none
  if (!reserved.test(ref)) return { kind: 'ref', ref: parseRef(ref, 'model') }
  const name = ref.toLowerCase()
  if (name === 'openclaw' || name === 'openclaw/default') return defaultAgent
  const id = name.slice(name.search(/[/:]/) + 1)
  if (!agentIdPattern.test(id))
    throw new GatewayError('invalid_value', `Invalid agent id in model '${printable(ref)}'.`, { param: 'model' })
  return { kind: 'agent', id, lenient: id === 'default' }
}

/** A bare id, or `provider/id` with neither part blank. Errors: `invalid_value` with `param`. */
export function parseRef(text: string, param: 'model' | 'x-openclaw-model'): string {
  const ref = text.trim()
  const slash = ref.indexOf('/')
  if (slash !== -1 && (ref.slice(0, slash).trim() === '' || ref.slice(slash + 1).trim() === ''))
    throw new GatewayError('invalid_value', `Invalid \`${param}\`.`, { param })
  return ref
}

/** A header as it counts: trimmed, and absent when blank. */
export function headerValue(value: string | undefined): string | undefined {
  const trimmed = value?.trim()
  return trimmed === '' ? undefined : trimmed
}
