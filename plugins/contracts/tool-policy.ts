import { GatewayError } from 'openclaw/plugin'

export const toolProfiles = ['minimal', 'coding', 'messaging', 'full'] as const
export type ToolProfile = (typeof toolProfiles)[number]

/**
 * Which tools may be used. Entries are names, with `*` for any rest, or groups as `group:fs`; case does not matter. `deny` wins;
 * an empty `allow` allows nothing.
 */
export interface ToolPolicy {
  readonly profile?: ToolProfile
  readonly allow?: readonly string[]
  /** Besides those of the profile. */
  readonly alsoAllow?: readonly string[]
  readonly deny?: readonly string[]
}

/** A policy with more of it for some models. */
export interface ToolPolicies extends ToolPolicy {
  /** By provider, or by model as `provider/model`, which then counts alone. */
  readonly byProvider?: Readonly<Record<string, ToolPolicy>>
}

const names = (help: string) => ({
  type: 'array',
  maxItems: 1_000,
  items: { type: 'string', minLength: 1, maxLength: 128 },
  'x-help': help,
})
const profile = { type: 'string', enum: [...toolProfiles], 'x-help': 'A ready-made choice of tools. Absent: `full`, all of them.' }
const listNodes = {
  allow: names('The only tools that may be used: names, `*` for any rest, or groups as `group:sessions`. Not together with `alsoAllow`.'),
  alsoAllow: names('Tools besides those of the profile.'),
  deny: names('Tools that may not be used, whatever allows them.'),
}

/** Schema properties of a `ToolPolicy` without a profile. */
export const toolListNodes = listNodes
/** Schema properties of `ToolPolicies`. */
export const toolPolicyNodes = {
  profile,
  ...listNodes,
  byProvider: {
    type: 'object',
    maxProperties: 1_000,
    propertyNames: { minLength: 1, maxLength: 256 },
    'x-help': 'The same for one provider, or for one model as `provider/model`. It can only take away.',
    additionalProperties: { type: 'object', additionalProperties: false, properties: { profile, ...listNodes } },
  },
}

/** What the schema cannot say: `allow` and `alsoAllow` exclude each other. `path` is where the policies are. Throws `invalid_config`. */
export function checkToolPolicies(path: string, policies: ToolPolicies | undefined) {
  if (policies === undefined) return
  const scopes = Object.entries(policies.byProvider ?? {}).map(([key, policy]) => [`${path}.byProvider.${key}`, policy] as const)
  for (const [at, { allow, alsoAllow }] of [[path, policies] as const, ...scopes]) {
    if (allow === undefined || alsoAllow === undefined) continue
    const message = `${at}: cannot set both allow and alsoAllow in the same scope (put everything into allow, or use a profile with alsoAllow)`
    throw new GatewayError('invalid_config', message, { path: at, issues: [{ path: at, message }] })
  }
}
