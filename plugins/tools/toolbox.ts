import { type Access, covers, type Decision, GatewayError, type Handle, type Row, sleep } from 'openclaw/plugin'
import type { Agents } from '../contracts/agents.js'
import type { Models } from '../contracts/models.js'
import { permits } from '../contracts/permits.js'
import type { Sessions } from '../contracts/sessions.js'
import type { Tool, ToolInvocation, ToolCaller, Toolbox } from '../contracts/tools.js'
import { normal } from './patterns.js'
import type { Policies, Rule } from './policy.js'
import { isFor, reachOf, scopeOf } from './rights.js'
import { runTool } from './running.js'
import type { Config } from './schema.js'

export interface ToolboxInputs {
  readonly table: Handle<ReadonlyMap<string, Row<Tool>>>
  readonly access: Handle<Access>
  readonly agents: Handle<Agents | undefined>
  readonly models: Handle<Models | undefined>
  readonly sessions: Handle<Sessions | undefined>
  readonly policies: Policies
  readonly config: Config
}

/** How long a call waits for a plugin that is just starting, and how often it looks. */
const startWaitMs = 2_000
const startLookMs = 25

export const notAvailable = (name: string) => new GatewayError('tool_not_available', `Tool not available: ${name}`)

/** The service over one configuration. */
export function createToolbox(inputs: ToolboxInputs): Toolbox {
  const { table, access, config } = inputs
  return {
    list(caller) {
      if (!mayBe(inputs, caller)) return []
      const allowed = ruleFor(inputs, caller)
      const { scopes } = caller.principal
      const usable = (key: string, tool: Tool) => passes(key, tool, caller, allowed) && covers(scopes, scopeOf(tool))
      return [...table.current].flatMap(([key, { value }]) => (usable(key, value) ? [value] : []))
    },
    async invoke(call) {
      const { principal, agent } = call
      const key = normal(call.name)
      const row = table.current.get(key)
      if (isUnknown(inputs, agent) && principal.kind !== 'key') throw new GatewayError('agent_not_found', `Unknown agent '${agent}'.`)
      if (!row || !mayBe(inputs, call) || !passes(key, row.value, call, ruleFor(inputs, call))) throw notAvailable(call.name)
      await authorize(access.current, row, call)
      await untilUp(row, call)
      const visibility = config.sessions?.visibility ?? 'tree'
      return runTool(row, call, { visibility, reaches: reachOf(config, call) }, config.timeoutMs)
    },
  }
}

const isUnknown = ({ agents: { current } }: ToolboxInputs, agent: string) => current !== undefined && current.get(agent) === undefined

/** The agent is there, and the principal may use it. */
const mayBe = (inputs: ToolboxInputs, { principal, agent }: ToolCaller) => permits(principal, 'agents', agent) && !isUnknown(inputs, agent)

function ruleFor({ agents, models, sessions, policies }: ToolboxInputs, { agent, session, model }: ToolCaller): Rule {
  const chosen = () => model ?? sessions.current?.get(session)?.settings.model ?? models.current?.primary(agent)?.key
  return policies.of({ session, model: chosen, agent: agents.current?.get(agent)?.tools })
}

/** Every step of the chain; the scope of a person is looked at later, so that it can be told what it lacks. */
const passes = (key: string, tool: Tool, { principal, denied }: ToolCaller, allowed: Rule) =>
  allowed(key) && denied?.has(key) !== true && isFor(principal, tool)

/** Scope, and whoever taps `authorize`. Errors: `missing_scope`, `tool_call_blocked`. */
async function authorize(access: Access, { key, value }: Row<Tool>, { principal, requestId, address = '' }: ToolInvocation) {
  const scope = scopeOf(value)
  if (!covers(principal.scopes, scope)) throw new GatewayError('missing_scope', `missing scope: ${scope}`)
  const call = { id: requestId, method: 'TOOL', path: key, route: `tool ${key}`, address, principal }
  const decision: Decision = await access.authorize(principal, call, scope)
  if ('deny' in decision) throw new GatewayError('tool_call_blocked', decision.message ?? decision.deny)
}

/** Error: `plugin_unavailable`. */
async function untilUp({ owner, value }: Row<Tool>, { cancellation }: ToolInvocation) {
  const until = performance.now() + startWaitMs
  while (owner.standing() === 'waiting' && performance.now() < until && !cancellation.aborted) await sleep(startLookMs, cancellation.signal)
  if (owner.standing() === 'up') return
  throw new GatewayError('plugin_unavailable', `${value.name} is not available right now.`, { retryAfterS: 5 })
}
