import { defineSchema } from 'openclaw/plugin'
import { integer, object } from '../contracts/schema-nodes.js'
import { type ToolPolicies, type ToolPolicy, toolListNodes, toolPolicyNodes } from '../contracts/tool-policy.js'
import type { SessionVisibility } from '../contracts/tools.js'

/** The section `tools`. */
export interface Config extends ToolPolicies {
  readonly sessions?: { readonly visibility?: SessionVisibility }
  readonly agentToAgent?: { readonly enabled?: boolean; readonly allow?: readonly string[] }
  readonly subagents?: { readonly tools?: Omit<ToolPolicy, 'profile'> }
  readonly timeoutMs: number
}

/** As written in a configuration file: the schema fills in what is left out. */
export type ConfigInput = Partial<Config>

export const schema = defineSchema<ConfigInput>(
  object({
    ...toolPolicyNodes,
    sessions: object({
      visibility: {
        type: 'string',
        enum: ['self', 'tree', 'agent', 'all'],
        'x-help':
          "Sessions that the session tools show: the caller's own, those it spawned too, all of its agent, or also those of agents in `agentToAgent`. Default `tree`.",
      },
    }),
    agentToAgent: object({
      enabled: { type: 'boolean', 'x-help': 'With `sessions.visibility: "all"`: an agent sees sessions of other agents. Default `false`.' },
      allow: {
        type: 'array',
        maxItems: 1_000,
        items: { type: 'string', minLength: 1, maxLength: 128 },
        'x-help': 'Agents that take part, seeing and seen; `*` for any rest. Absent: all; empty: none.',
      },
    }),
    subagents: object({ tools: object(toolListNodes) }),
    timeoutMs: integer(120_000, 1_000, 3_600_000, 'Longest call of a tool that has no limit of its own.'),
  }),
)
