import { defineSchema } from 'openclaw/plugin'
import type { Identity } from '../contracts/agents.js'
import { type ToolPolicies, toolPolicyNodes } from '../contracts/tool-policy.js'

/** A model ref, or one with others to try after it. */
export type ModelChoice = string | { readonly primary?: string; readonly fallbacks?: readonly string[] }
/** Model refs an agent may use, each with an optional alias. */
export type AllowedModels = Readonly<Record<string, { readonly alias?: string }>>

export interface AgentEntry {
  readonly id: string
  readonly default?: boolean
  readonly name?: string
  readonly workspace?: string
  readonly model?: ModelChoice
  readonly models?: AllowedModels
  readonly identity?: Identity
  readonly tools?: ToolPolicies
}

export interface Defaults {
  readonly workspace?: string
  readonly model?: ModelChoice
  readonly models?: AllowedModels
  readonly timeoutSeconds?: number
  readonly maxConcurrent?: number
  readonly contextTokens?: number
  readonly bootstrapMaxChars?: number
  readonly bootstrapTotalMaxChars?: number
}

export interface Config {
  readonly defaults?: Defaults
  readonly list?: readonly AgentEntry[]
}

const text = (help: string) => ({ type: 'string', minLength: 1, 'x-help': help })
const object = (properties: Record<string, unknown>, required: string[] = []) => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
})

const fallbacks = { type: 'array', maxItems: 16, items: text('A model ref.') }
const model = {
  'x-help': 'Model that answers when a request names none: "provider/model", or that with others to try after it.',
  anyOf: [text('A model ref.'), object({ primary: text('Tried first.'), fallbacks })],
}
const models = {
  type: 'object',
  'x-help': 'Models the agent may use, by ref. Without any, all of them.',
  maxProperties: 1_000,
  propertyNames: { minLength: 1 },
  additionalProperties: object({ alias: text('A short name that requests may use for it.') }),
}
const workspace = text("Directory of the agent's files. Relative to the state directory; `~` is the home directory.")
const integer = (minimum: number, maximum: number, help: string) => ({ type: 'integer', minimum, maximum, 'x-help': help })
const identity = object({
  name: text('What the agent calls itself.'),
  theme: text('A word or two about its character.'),
  emoji: text('A sign for it.'),
  avatar: text('One to four characters, an http(s) or data URL, or a path that the gateway serves.'),
})
const defaults = object({
  workspace,
  model,
  models,
  timeoutSeconds: integer(1, 86_400, 'Longest run. Default 600.'),
  maxConcurrent: integer(1, 10_000, 'Sessions that run at once, of all agents. Default 64.'),
  contextTokens: integer(1_000, 100_000_000, 'Tokens of a conversation that are sent at most, where the model takes more.'),
  bootstrapMaxChars: integer(1, 10_000_000, 'Characters of one file of the workspace. Default 20000.'),
  bootstrapTotalMaxChars: integer(1, 10_000_000, 'Characters of all files of the workspace. Default 150000.'),
})
const entry = object(
  {
    id: {
      type: 'string',
      pattern: '^[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}$',
      'x-help': 'Letter or digit, then up to 63 of letters, digits, "_" and "-". Case does not matter.',
    },
    default: { type: 'boolean', 'x-help': 'Answers when a request names no agent. Without any, the first entry does.' },
    name: text('Shown to people.'),
    workspace,
    model,
    models,
    identity,
    tools: object(toolPolicyNodes),
  },
  ['id'],
)

export const schema = defineSchema<Config>(
  object({
    defaults,
    list: { type: 'array', maxItems: 1_000, items: entry },
  }),
)
