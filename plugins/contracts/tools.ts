import { defineService, defineSurface, GatewayError, type Principal } from 'openclaw/plugin'
import type { Cancellation } from './cancellation.js'
import type { ContentBlock } from './sessions.js'

/** For whom a tool is looked up. */
export interface ToolCaller {
  readonly principal: Principal
  readonly agent: string
  /** Canonical session key. */
  readonly session: string
  /** Key of the model that asks. Default: the session's, else the agent's. */
  readonly model?: string
  /** Names in lower case that its way in refuses besides the policy. */
  readonly denied?: ReadonlySet<string>
}

/** Whose sessions a tool may show: this one, those it spawned too, those of its agent, or those of other agents too. */
export type SessionVisibility = 'self' | 'tree' | 'agent' | 'all'

/** Where a call comes from. */
interface ToolOrigin {
  readonly callId: string
  readonly requestId: string
  /** Client address, where there is one. */
  readonly address?: string
  /** Where the conversation is, as far as the caller says: it can only narrow. */
  readonly channel?: string
  readonly accountId?: string
  readonly to?: string
  readonly threadId?: string
}

/** One use of a tool, asked for. */
export interface ToolInvocation extends ToolCaller, ToolOrigin {
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
  /** For a tool with the parameter `action`, where `args` has none. */
  readonly action?: string
  readonly cancellation: Cancellation
}

/** For whom and where a tool runs. */
export interface ToolContext extends Pick<ToolCaller, 'principal' | 'agent' | 'session'>, ToolOrigin {
  /** Aborted when nobody waits any more, and when the call's time is up. */
  readonly cancellation: Cancellation
  readonly visibility: SessionVisibility
  /** Whether it may see sessions of an agent. */
  reaches(agent: string): boolean
}

export interface ToolResult {
  readonly content: readonly ContentBlock[]
  /** The same for programs. */
  readonly details?: unknown
}

/** Something that a model, or a client over HTTP, may have done. */
export interface Tool {
  /** As models write it: `sessions_list`. Up to 64 of letters, digits, `_` and `-`; case does not matter. */
  readonly name: string
  /** For models. The first sentence is also for people. */
  readonly description: string
  /** JSON Schema of the arguments: an object, closed. They are checked, and its defaults filled in, before `run`. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** Scope that its caller needs besides the policy. Default `operator.write`; `operator.read` for what changes nothing. */
  readonly scope?: string
  /** Longest call, where the default `tools.timeoutMs` does not fit. */
  readonly timeoutMs?: number
  /** Errors: a `GatewayError` with a code of `toolErrors` is told to the caller, anything else is a fault. */
  run(args: Readonly<Record<string, any>>, context: ToolContext): ToolResult | Promise<ToolResult>
}

/** Codes of errors that a tool may tell its caller, with their status over HTTP. */
export const toolErrors: ReadonlyMap<string, number> = new Map([
  ['invalid_value', 400],
  ['missing_required_parameter', 400],
  ['missing_scope', 403],
  ['forbidden', 403],
  ['not_found', 404],
  ['rate_limited', 429],
  ['upstream_error', 502],
  ['plugin_unavailable', 503],
  ['shutting_down', 503],
  ['upstream_timeout', 504],
])

const wellFormedName = /^[a-z0-9_-]{1,64}$/i

/** Tools by name in lower case. Owned by the plugin `tools`. */
export const Tools = defineSurface<Tool, { add(tool: Tool): void }>('tools', (add, plugin) => ({
  add(tool) {
    if (!wellFormedName.test(tool.name))
      throw new GatewayError('bad_tool', `Tool "${tool.name}": a name has 1 to 64 letters, digits, "_" and "-".`, { plugin, hook: 'tools' })
    add(tool.name.toLowerCase(), tool)
  },
}))

/** A result and its JSON, which was made to measure it. */
export interface ToolOutcome {
  readonly result: ToolResult
  readonly json: string
}

/** Tools behind the one policy chain. Unknown and forbidden look the same. */
export interface Toolbox {
  /** What this caller may use, in the order of the table. */
  list(caller: ToolCaller): readonly Tool[]
  /**
   * Errors: `tool_not_available`, `agent_not_found`, `missing_scope`, `tool_call_blocked` (a tap of `authorize` refused),
   * `tool_failed` (its plugin's fault, which was reported), `tool_result_too_large`, those of `toolErrors`, and the reason of an abort.
   */
  invoke(call: ToolInvocation): Promise<ToolOutcome>
}
export const Toolbox = defineService<Toolbox>('toolbox')

/** The result of a tool whose answer is data. */
export const jsonResult = (details: unknown): ToolResult => ({ content: [{ type: 'text', text: JSON.stringify(details) }], details })
