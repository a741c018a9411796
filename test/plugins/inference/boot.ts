import { type Plugin, type Principal, bearerOf, definePlugin } from 'openclaw/plugin'
import type { TestGateway } from 'openclaw/testing'
import agents from '../../../plugins/agents/index.js'
import inference from '../../../plugins/inference/index.js'
import type { ConfigInput } from '../../../plugins/inference/schema.js'
import models from '../../../plugins/models/index.js'
import openaiChat from '../../../plugins/openai-chat/index.js'
import openaiEmbeddings from '../../../plugins/openai-embeddings/index.js'
import openaiModels from '../../../plugins/openai-models/index.js'
import providerOpenai from '../../../plugins/provider-openai/index.js'
import { bootGateway } from '../../support/gateway.js'
import { startUpstream, type Upstream, type UpstreamOptions } from '../../support/upstream.js'

export { framesOf, jsonOf } from '../../support/replies.js'

export interface BootOptions {
  readonly agents?: Record<string, unknown>
  /** Entries of `models.providers`; each asks the fake upstream unless it names another address. */
  readonly providers: Record<string, Record<string, unknown>>
  readonly inference?: ConfigInput
  readonly respond?: UpstreamOptions['respond']
  /** Bearer credentials besides the operator's, and who they stand for. */
  readonly keys?: Record<string, Principal>
  readonly more?: readonly Plugin[]
}

export interface Booted {
  readonly gateway: TestGateway
  readonly upstream: Upstream
  /** A chat that says hi. */
  chat(body?: object, headers?: Record<string, string>): Promise<Response>
  /** Models that the upstream was asked for, in order. */
  asked(): string[]
  /** Replace the instances of these plugins, with another section of providers if one is given. */
  replace(names: readonly string[], providers?: BootOptions['providers']): Promise<void>
  close(): Promise<void>
}

/** A gateway with the OpenAI endpoints, and providers that lead to one fake upstream. */
export async function boot(options: BootOptions): Promise<Booted> {
  const upstream = await startUpstream(options.respond ? { respond: options.respond } : {})
  const entries = (providers: BootOptions['providers']) =>
    Object.fromEntries(Object.entries(providers).map(([name, entry]) => [name, { baseUrl: upstream.baseUrl, ...entry }]))
  const uses = (providers: BootOptions['providers']) => [
    { plugin: agents, config: options.agents ?? {} },
    { plugin: models, config: {} },
    { plugin: providerOpenai, config: entries(providers) },
    { plugin: inference, config: options.inference ?? {} },
    { plugin: openaiChat, config: {} },
    { plugin: openaiModels, config: {} },
    { plugin: openaiEmbeddings, config: {} },
    { plugin: keysPlugin(options.keys ?? {}), config: {} },
    ...(options.more ?? []).map((plugin) => ({ plugin, config: {} })),
  ]
  const first = uses(options.providers)
  const gateway = await bootGateway({ limits: { closeDrainMs: 100 }, plugins: first as never })
  return {
    gateway,
    upstream,
    chat: (body = {}, headers = {}) =>
      gateway.fetch('/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ messages: [{ role: 'user', content: 'hi' }], ...body }),
      }),
    asked: () => upstream.requests.map(({ body }) => body?.model),
    async replace(names, providers) {
      const next = providers ? uses(providers) : first
      const plugins = next.map((use, i) => {
        const fresh = names.includes(use.plugin.name)
        return fresh ? { ...use, plugin: { ...use.plugin } } : first[i]
      })
      await gateway.reload({ plugins: plugins as never })
    },
    async close() {
      await gateway.close()
      await upstream.close()
    },
  }
}

/** A plugin that knows these credentials. */
export const keysPlugin = (keys: Record<string, Principal>): Plugin =>
  definePlugin({
    api: 1,
    name: 'known-keys',
    apply: (kernel) => kernel.hooks.authenticate.tap(({ headers }) => keys[bearerOf(String(headers['authorization'])) ?? '']),
  })
