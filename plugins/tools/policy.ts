import type { ToolPolicies, ToolPolicy } from '../contracts/tool-policy.js'
import { notForSubagents, profiles } from './groups.js'
import { matcher, normal } from './patterns.js'
import type { Config } from './schema.js'

export type Rule = (name: string) => boolean

/** For whom a policy is looked up. */
export interface Subject {
  readonly session: string
  /** Key of its model, as `provider/model`; asked only where a policy depends on it. */
  readonly model: () => string | undefined
  /** The policy of its agent. */
  readonly agent: ToolPolicies | undefined
}

/** The policy chain of one configuration. */
export class Policies {
  /** By policy: agents come and go with their configuration. */
  readonly #rules = new WeakMap<ToolPolicy, Rule>()
  readonly #config: Config
  readonly #warn: (message: string) => void

  constructor(config: Config, warn: (message: string) => void) {
    this.#config = config
    this.#warn = warn
  }

  /** Whether a name in lower case passes every step. Each step can only take away. */
  of({ session, model, agent }: Subject): Rule {
    const steps = [this.#config, forModel(this.#config, model), agent, forModel(agent, model)].flatMap((policy) =>
      policy === undefined ? [] : [this.#rule(policy)],
    )
    if (isSubagent(session)) steps.push(...this.#subagentRules())
    return (name) => steps.every((step) => step(name))
  }

  #subagentRules(): Rule[] {
    const { tools = {} } = this.#config.subagents ?? {}
    const given = matcher([...(tools.allow ?? []), ...(tools.alsoAllow ?? [])])
    const barred = new Set(notForSubagents)
    return [(name) => !barred.has(name) || given(name), this.#rule(tools)]
  }

  #rule(policy: ToolPolicy): Rule {
    const known = this.#rules.get(policy)
    if (known) return known
    const unknown = (group: string) => this.#warn(`A tool policy names "${group}", which is no group: it stands for nothing.`)
    const { profile, allow, alsoAllow = [], deny = [] } = policy
    const chosen = profile === undefined ? () => true : matcher([...profiles[profile], ...alsoAllow], unknown)
    const allowed = allow === undefined ? () => true : matcher(allow, unknown)
    const denied = matcher(deny, unknown)
    const rule: Rule = (name) => chosen(name) && allowed(name) && !denied(name)
    this.#rules.set(policy, rule)
    return rule
  }
}

/** What a policy says of a model: the model's own entry counts instead of its provider's. */
function forModel(policies: ToolPolicies | undefined, model: Subject['model']): ToolPolicy | undefined {
  const { byProvider } = policies ?? {}
  const key = byProvider && normal(model() ?? '')
  if (!byProvider || !key) return undefined
  const provider = key.slice(0, Math.max(0, key.indexOf('/')))
  const entry = (wanted: string) => Object.entries(byProvider).find(([name]) => normal(name) === wanted)?.[1]
  return entry(key) ?? entry(provider)
}

/** `agent:<id>:subagent:…`. */
const isSubagent = (session: string) => /^agent:[^:]+:subagent:/i.test(session)
