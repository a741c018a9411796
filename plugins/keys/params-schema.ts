import { closed, text } from '../contracts/methods.js'
import type { Rights } from './key.js'
import type { Change } from './keyring.js'

export type CreateParams = Pick<Rights, 'name'> & Partial<Omit<Rights, 'name'>>
export type UpdateParams = { readonly id: string } & Change

const scopes = ['admin', 'approvals', 'pairing', 'read', 'talk.secrets', 'write'].map((name) => `operator.${name}`)
const list = (items: object, minItems: number) => ({ type: 'array', minItems, maxItems: 1_000, uniqueItems: true, items })

const name = { type: 'string', minLength: 1, maxLength: 100, pattern: '^[^\\u0000-\\u001f\\u007f]*$' }
const scopeList = list({ enum: scopes }, 1)
const models = list({ type: 'string', pattern: '^(?:[\\x21-\\x29\\x2b-\\x7e]{1,200}\\*?|\\*)$' }, 1)
const agents = list({ type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' }, 1)
const tools = list({ type: 'string', pattern: '^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}$' }, 0)
const expiresAtMs = { type: 'integer', minimum: 0, maximum: 253_402_300_799_999 }
const requestsPerMinute = { type: 'integer', minimum: 1, maximum: 1_000_000 }
const spendLimit = {
  type: 'object',
  additionalProperties: false,
  required: ['usd'],
  properties: { usd: { type: 'number', exclusiveMinimum: 0, maximum: 1_000_000 }, per: { enum: ['day', 'month'] } },
}
const orNull = (schema: object) => ({ anyOf: [{ type: 'null' }, schema] })

export const listSchema = closed<Record<string, never>>({})
export const revokeSchema = closed<{ id: string }>({ id: text }, ['id'])
export const createSchema = closed<CreateParams>(
  { name, scopes: scopeList, models, agents, tools, expiresAtMs, requestsPerMinute, spendLimit },
  ['name'],
)
export const updateSchema = closed<UpdateParams>(
  {
    id: text,
    name,
    scopes: scopeList,
    models: orNull(models),
    agents: orNull(agents),
    tools,
    expiresAtMs: orNull(expiresAtMs),
    requestsPerMinute: orNull(requestsPerMinute),
    spendLimit: orNull(spendLimit),
  },
  ['id'],
)
