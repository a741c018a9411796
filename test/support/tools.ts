import { definePlugin, type Plugin, type PluginUse, type Principal } from 'openclaw/plugin'
import type { TestGateway } from 'openclaw/testing'
import agents from '../../plugins/agents/index.js'
import type { Config as AgentsConfig } from '../../plugins/agents/schema.js'
import { closed } from '../../plugins/contracts/methods.js'
import type { Sessions } from '../../plugins/contracts/sessions.js'
import { jsonResult, type Tool, Tools } from '../../plugins/contracts/tools.js'
import tools from '../../plugins/tools/index.js'
import type { ConfigInput as ToolsConfig } from '../../plugins/tools/schema.js'
import toolsInvoke from '../../plugins/tools-invoke/index.js'
import type { ConfigInput as DoorConfig } from '../../plugins/tools-invoke/schema.js'
import { bootSessions } from './sessions.js'

/** A tool that answers its arguments, or does what it is given to do. */
export const tool = (name: string, more: Partial<Tool> = {}): Tool => ({
  name,
  description: `The tool ${name}. It is for tests.`,
  parameters: closed({}),
  run: (args) => jsonResult(args),
  ...more,
})

export const toolsPlugin = (list: readonly Tool[], name = 'fixture-tools'): Plugin =>
  definePlugin({
    api: 1,
    name,
    apply: (kernel) =>
      kernel.surface(Tools).tap((table) => {
        for (const each of list) table.add(each)
      }),
  })

/** Admits whoever sends a principal as JSON in the header `x-principal`, as a plugin with credentials of its own would. */
const credentials = definePlugin({
  api: 1,
  name: 'credentials',
  apply: (kernel) =>
    kernel.hooks.authenticate.tap(({ headers }) => {
      const sent = headers['x-principal']
      return typeof sent === 'string' ? (JSON.parse(sent) as Principal) : undefined
    }),
})

export interface ToolsOptions {
  readonly tools?: ToolsConfig
  readonly door?: DoorConfig
  readonly agents?: AgentsConfig
  readonly list?: readonly Tool[]
  readonly plugins?: readonly (Plugin | PluginUse)[]
}

export interface ToolsGateway {
  readonly gateway: TestGateway
  readonly plugins: readonly (Plugin | PluginUse)[]
  readonly sessions: Sessions
  post(body: unknown, init?: RequestInit): Promise<Response>
  /** Status and body of a call, as the operator or as somebody else. */
  invoke(body: unknown, principal?: Principal): Promise<{ status: number; body: any }>
}

/** A gateway in memory with the tools of sessions and agents, and these. Its agents are `main` and `helper`. */
export async function bootTools({
  tools: policy,
  door,
  agents: people,
  list = [],
  plugins = [],
}: ToolsOptions = {}): Promise<ToolsGateway> {
  const booted = await bootSessions(undefined, [
    { plugin: agents, config: people ?? { list: [{ id: 'main' }, { id: 'helper' }] } },
    { plugin: tools, config: policy ?? {} } as PluginUse,
    { plugin: toolsInvoke, config: door ?? {} } as PluginUse,
    credentials,
    toolsPlugin(list),
    ...plugins,
  ])
  const { gateway } = booted
  const post = (body: unknown, init: RequestInit = {}) =>
    gateway.fetch('/tools/invoke', { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), ...init })
  return {
    gateway,
    plugins: booted.plugins,
    get sessions() {
      return booted.sessions
    },
    post,
    async invoke(body, principal) {
      const headers = principal && { authorization: 'Bearer of-its-own', 'x-principal': JSON.stringify(principal) }
      const response = await post(body, headers && { headers })
      return { status: response.status, body: await response.json() }
    },
  }
}

export const key = (more: Partial<Principal> = {}): Principal => ({ kind: 'key', id: 'k1', scopes: ['operator.write'], ...more })

export const notAvailable = (name: string) => ({
  status: 404,
  body: { ok: false, error: { type: 'not_found', message: `Tool not available: ${name}` } },
})

export const toolError = (status: number, message: string, type = 'tool_error') => ({
  status,
  body: { ok: false, error: { type, message } },
})

export const done = (details: unknown) => ({ status: 200, body: { ok: true, result: jsonResult(details) } })
