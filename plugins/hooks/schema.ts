import { defineSchema, type SecretRef } from 'openclaw/plugin'
import type { HookChanges } from '../contracts/hooks.js'
import { integer, object } from '../contracts/schema-nodes.js'

export type SchemeName = 'hmac-sha256' | 'github' | 'slack' | 'stripe' | 'telegram' | 'discord'

export interface SignatureConfig {
  readonly scheme: SchemeName
  /** What sender and gateway share; for Discord the public key of the application. */
  readonly secret: SecretRef
  /** The secret before a rotation, taken until a time at most 30 days ahead. */
  readonly previous?: { readonly secret: SecretRef; readonly until: string }
}

/** What a transform may change is what a mapping says. */
type Said = Pick<
  HookChanges,
  | 'wakeMode'
  | 'name'
  | 'agentId'
  | 'sessionKey'
  | 'deliver'
  | 'allowUnsafeExternalContent'
  | 'channel'
  | 'to'
  | 'model'
  | 'thinking'
  | 'timeoutSeconds'
>

export interface MappingConfig extends Said {
  readonly id?: string
  readonly match?: { readonly path?: string; readonly source?: string }
  readonly action?: 'wake' | 'agent'
  readonly messageTemplate?: string
  readonly textTemplate?: string
  readonly transform?: { readonly module: string; readonly export?: string }
  /** The sender signs: this path takes its signature, and no token. */
  readonly signature?: SignatureConfig
}

export interface Config {
  readonly enabled: boolean
  readonly token?: SecretRef
  readonly path: string
  readonly maxBodyBytes: number
  readonly defaultSessionKey?: string
  readonly allowRequestSessionKey: boolean
  readonly allowedSessionKeyPrefixes?: readonly string[]
  readonly allowedAgentIds?: readonly string[]
  readonly presets: readonly 'gmail'[]
  readonly mappings: readonly MappingConfig[]
  readonly gmail: { readonly allowUnsafeExternalContent?: boolean; readonly model?: string; readonly thinking?: string }
}
/** As written in a configuration file: the schema fills in what is left out. */
export type ConfigInput = Partial<Config>

const text = (help: string) => ({ type: 'string', 'x-help': help })
const texts = (help: string) => ({ type: 'array', items: { type: 'string' }, 'x-help': help })
const flag = (help: string) => ({ type: 'boolean', 'x-help': help })
const oneOf = (help: string, ...values: string[]) => ({ type: 'string', enum: values, 'x-help': help })
const secret = (help: string) => ({
  ...object(
    { source: { type: 'string', enum: ['env', 'file', 'exec'] }, provider: { type: 'string' }, id: { type: 'string' } },
    { required: ['source', 'id'] },
  ),
  type: ['string', 'object'],
  'x-secret': true,
  'x-help': help,
})

const signature = object(
  {
    scheme: oneOf('How the sender signs.', 'hmac-sha256', 'github', 'slack', 'stripe', 'telegram', 'discord'),
    secret: secret('What the sender signs with; for Discord the public key of the application.'),
    previous: object(
      {
        secret: secret('The secret before a rotation.'),
        until: text('ISO time, at most 30 days ahead, until which it is still taken.'),
      },
      { required: ['secret', 'until'] },
    ),
  },
  { required: ['scheme', 'secret'] },
)

const mapping = object({
  id: { type: 'string', minLength: 1, maxLength: 64, 'x-help': 'Name in messages and of the principal. Default: mapping-<n>.' },
  match: object({
    path: text('What follows hooks.path. Default: any.'),
    source: text('Compared with payload.source. Default: any.'),
  }),
  action: oneOf('Run an agent, or tell the main session a line. Default: agent.', 'wake', 'agent'),
  wakeMode: oneOf('Default: now.', 'now', 'next-heartbeat'),
  name: text('Template of the name that the main session is told.'),
  agentId: text('Default: the default agent.'),
  sessionKey: text('Template. Values from outside are made safe, and the result stays below hook: or an allowed prefix.'),
  messageTemplate: text('Template of what the agent is asked.'),
  textTemplate: text('Template of the line of a wake.'),
  deliver: flag('Default: true.'),
  allowUnsafeExternalContent: flag('Leave out the frame that tells the model that the text came from outside.'),
  channel: text('Default: last.'),
  to: text('Literal.'),
  model: text("Model ref in place of the agent's. Literal."),
  thinking: text('Literal.'),
  timeoutSeconds: { type: 'number', exclusiveMinimum: 0, 'x-help': "Longest run. Default: the agent's." },
  transform: object(
    {
      module: { type: 'string', minLength: 1, 'x-help': 'Id of the plugin that has the transform.' },
      export: { type: 'string', minLength: 1, 'x-help': 'Its name there. Default: default, else transform.' },
    },
    { required: ['module'] },
  ),
  signature,
})
export const schema = defineSchema<ConfigInput>(
  object({
    enabled: { type: 'boolean', default: false, 'x-help': 'Serve hooks. Needs hooks.token.' },
    token: secret('What callers present as bearer or in x-openclaw-token. Another one than the gateway token.'),
    path: { type: 'string', default: '/hooks', 'x-help': '/hooks, /webhooks or a path below one of them.' },
    maxBodyBytes: integer(262_144, 1, 20_971_520, 'Larger bodies are refused with 413.'),
    defaultSessionKey: text('Session of runs for which none is named. Default: one of its own, hook:<uuid>.'),
    allowRequestSessionKey: { type: 'boolean', default: false, 'x-help': 'Callers of /hooks/agent may name a session.' },
    allowedSessionKeyPrefixes: texts('Beginnings that session keys must have. Case does not matter. Default: any that was configured.'),
    allowedAgentIds: texts('Agents that may be named. Default, or with "*": any. []: none.'),
    presets: { type: 'array', items: { type: 'string', enum: ['gmail'] }, default: [], 'x-help': 'Ready-made mappings, after your own.' },
    mappings: { type: 'array', items: mapping, maxItems: 256, default: [], 'x-help': 'The first that matches is taken.' },
    gmail: {
      ...object({
        allowUnsafeExternalContent: flag('For the preset gmail.'),
        model: text('Model ref for the preset gmail.'),
        thinking: text('For the preset gmail.'),
      }),
      default: {},
    },
  }),
)
