import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI from 'openai'
import { definePlugin, type Plugin, type Principal } from 'openclaw/plugin'
import type { TestGateway } from 'openclaw/testing'
import agents from '../../../plugins/agents/index.js'
import { Egress } from '../../../plugins/contracts/egress.js'
import inference from '../../../plugins/inference/index.js'
import models from '../../../plugins/models/index.js'
import openaiResponses from '../../../plugins/openai-responses/index.js'
import type { ConfigInput } from '../../../plugins/openai-responses/schema.js'
import providerOpenai from '../../../plugins/provider-openai/index.js'
import runs from '../../../plugins/runs/index.js'
import sessions from '../../../plugins/sessions/index.js'
import store from '../../../plugins/store/index.js'
import { bootGateway } from '../../support/gateway.js'
import { type Reply, startUpstream, type Upstream, type UpstreamRequest } from '../../support/upstream.js'

export { jsonOf } from '../../support/replies.js'

export interface BootOptions {
  readonly responses?: ConfigInput
  readonly inference?: Record<string, unknown>
  readonly agents?: Record<string, unknown>
  readonly respond?: (request: UpstreamRequest) => Reply | undefined | Promise<Reply | undefined>
  /** State directory. */
  readonly state?: string
  /** Sessions and runs of agents, which need the store too. Default true. */
  readonly runs?: boolean
  /** Default true. */
  readonly store?: boolean
  readonly egress?: Egress
  readonly more?: readonly Plugin[]
}

export interface Booted {
  readonly gateway: TestGateway
  readonly upstream: Upstream
  readonly client: OpenAI
  post(body: unknown, headers?: Record<string, string>, signal?: AbortSignal): Promise<Response>
  get(path: string, headers?: Record<string, string>): Promise<Response>
  /** What the provider was sent last. */
  sent(): any
  /** Replace the plugin by a new instance. */
  replace(responses?: ConfigInput): Promise<void>
  close(): Promise<void>
}

const ids = ['echo', 'tools', 'parallel-tools', 'vision', 'thinker', 'cut', 'truncated', 'long', 'filtered', 'endless', 'hang', 'script']
const more = ['overflow', 'status-500', 'status-400', 'status-401', 'rate-limited', 'bad-json', 'stall']

/** Keys `key-a`, `key-b`, … are principals of their own; `reader` may only read, and `tied` only use up/echo. */
const keys = definePlugin({
  api: 1,
  name: 'fake-keys',
  apply(kernel) {
    kernel.hooks.authenticate.tap(({ headers }): Principal | undefined => {
      const key = /^Bearer ((?:key-\w|reader|tied))$/.exec(String(headers.authorization))?.[1]
      if (key === undefined) return undefined
      const scopes = key === 'reader' ? ['operator.read'] : ['operator.write']
      return { kind: 'key', id: key, scopes, ...(key === 'tied' && { only: { models: ['up/echo'], agents: ['main'] } }) }
    })
  },
})

/** A gateway with responses in both lanes, whose models are those of the fake upstream. The default model is `up/echo`. */
export async function boot(options: BootOptions = {}): Promise<Booted> {
  const upstream = await startUpstream(options.respond ? { respond: options.respond } : {})
  const list = [...ids, ...more].map((id) => ({ id, input: ['text', 'image'] }))
  const { egress } = options
  const fetcher =
    egress && definePlugin({ api: 1, name: 'fake-egress', provides: [Egress], apply: (kernel) => kernel.provide(Egress, egress) })
  const plugins = [
    keys,
    { plugin: agents, config: options.agents ?? { defaults: { model: 'up/echo' } } },
    models,
    { plugin: providerOpenai, config: { up: { baseUrl: upstream.baseUrl, models: list } } },
    ...(options.store === false ? [] : [store]),
    ...(options.runs === false || options.store === false ? [] : [sessions, runs]),
    { plugin: inference, config: options.inference ?? {} },
    ...(fetcher ? [fetcher] : []),
    ...(options.more ?? []),
  ]
  const withResponses = (config: ConfigInput) => [...plugins, { plugin: { ...openaiResponses }, config }] as never
  const gateway = await bootGateway({
    limits: { closeDrainMs: 1_000, drainMs: 5_000 },
    plugins: withResponses(options.responses ?? {}),
    ...(options.state !== undefined && { paths: { state: options.state } }),
  })
  const failed = gateway.inspect().plugins.filter(({ state }) => state !== 'active')
  if (failed.length > 0) throw new Error(JSON.stringify(failed))
  return {
    gateway,
    upstream,
    client: new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.token, maxRetries: 0 }),
    post: (body, headers = {}, signal) =>
      gateway.fetch('/v1/responses', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...(signal && { signal }),
      }),
    get: (path, headers = {}) => gateway.fetch(path, { headers }),
    sent: () => upstream.requests.at(-1)?.body,
    replace: async (config = {}) => void (await gateway.reload({ plugins: withResponses(config) })),
    async close() {
      await gateway.close()
      await upstream.close()
    },
  }
}

export const until = async (what: string, met: () => boolean, limitMs = 5_000) => {
  const deadline = performance.now() + limitMs
  while (!met()) {
    if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms for: ${what}`)
    await sleep(5)
  }
}

export const textOf = (response: any): string =>
  response.output
    .flatMap((item: any) => (item.type === 'message' ? item.content : []))
    .map((part: any) => part.text ?? part.refusal)
    .join('')

export const weather = {
  type: 'function' as const,
  name: 'weather',
  description: 'The weather of a city',
  strict: true,
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
}
