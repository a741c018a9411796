import OpenAI from 'openai'
import type { TestGateway } from 'openclaw/testing'
import agents from '../../../plugins/agents/index.js'
import type { EmbeddingRequest, Provider } from '../../../plugins/contracts/models.js'
import models from '../../../plugins/models/index.js'
import openaiEmbeddings from '../../../plugins/openai-embeddings/index.js'
import type { ConfigInput } from '../../../plugins/openai-embeddings/schema.js'
import providerOpenai from '../../../plugins/provider-openai/index.js'
import { bootGateway } from '../../support/gateway.js'
import { listedProvider, providersPlugin } from '../../support/registry.js'
import { startUpstream, type Upstream, type UpstreamOptions } from '../../support/upstream.js'

export { jsonOf } from '../../support/replies.js'

export interface BootOptions {
  readonly embeddings?: ConfigInput
  readonly agents?: Record<string, unknown>
  readonly respond?: UpstreamOptions['respond']
  /** More of the entry of the provider `up`. */
  readonly entry?: Record<string, unknown>
  readonly providers?: readonly Provider[]
}

export interface Booted {
  readonly gateway: TestGateway
  readonly upstream: Upstream
  readonly client: OpenAI
  post(body: unknown, init?: RequestInit): Promise<Response>
  /** Bodies that the upstream got. */
  sent(): any[]
  close(): Promise<void>
}

/** A gateway with embeddings, over sockets. The provider `up` is the fake upstream; `up/text-embedding` embeds, `up/echo` chats. */
export async function boot({ embeddings = {}, agents: people, respond, entry, providers = [] }: BootOptions = {}): Promise<Booted> {
  const upstream = await startUpstream(respond ? { respond } : {})
  const up = { baseUrl: upstream.baseUrl, models: [{ id: 'echo' }, { id: 'text-embedding' }], ...entry }
  const gateway = await bootGateway({
    limits: { closeDrainMs: 100 },
    plugins: [
      { plugin: agents, config: people ?? { defaults: { model: 'up/echo' } } },
      { plugin: models, config: { aliases: { vectors: 'up/text-embedding' } } },
      { plugin: providerOpenai, config: { up } },
      providersPlugin(providers),
      { plugin: openaiEmbeddings, config: embeddings },
    ] as never,
  })
  return {
    gateway,
    upstream,
    client: new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.token, maxRetries: 0 }),
    post: (body, init = {}) =>
      gateway.fetch('/v1/embeddings', {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...init,
        headers: { 'content-type': 'application/json', ...init.headers },
      }),
    sent: () => upstream.requests.map(({ body }) => body),
    async close() {
      await gateway.close()
      await upstream.close()
    },
  }
}

/** A provider `mine` with the model `mine/vectors`, which this function embeds with. */
export const embedder = (embed: NonNullable<Provider['embed']>, more: Partial<Provider> = {}): Provider =>
  listedProvider('mine', [{ id: 'vectors', kind: 'embedding' }], { embed, ...more })

/** Answers these vectors, whatever it is asked. */
export const answers = (vectors: unknown, promptTokens?: number): Provider =>
  embedder(async () => ({ vectors: vectors as number[][], ...(promptTokens !== undefined && { promptTokens }) }))

/** One number for each input: its length. */
export const lengths = ({ input }: EmbeddingRequest): number[][] => input.map(({ length }: string | number[]) => [length])

export const invalid = (message: string, code = 'invalid_value', param: string | null = 'input') => ({
  error: { message, type: 'invalid_request_error', param, code },
})

export const until = async (what: string, met: () => boolean, limitMs = 5_000) => {
  const deadline = performance.now() + limitMs
  while (!met()) {
    if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
