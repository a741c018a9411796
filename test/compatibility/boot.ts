import type { TestGateway } from 'openclaw/testing'
import agents from '../../plugins/agents/index.js'
import health from '../../plugins/health/index.js'
import http from '../../plugins/http/index.js'
import inference from '../../plugins/inference/index.js'
import models from '../../plugins/models/index.js'
import openaiChat from '../../plugins/openai-chat/index.js'
import openaiEmbeddings from '../../plugins/openai-embeddings/index.js'
import openaiModels from '../../plugins/openai-models/index.js'
import openaiResponses from '../../plugins/openai-responses/index.js'
import providerOpenai from '../../plugins/provider-openai/index.js'
import { bootGateway } from '../support/gateway.js'
import { startUpstream, type Upstream, type UpstreamRequest } from '../support/upstream.js'

export interface Booted {
  readonly gateway: TestGateway
  readonly upstream: Upstream
  /** Base URL for a client; ends in `/v1`. */
  readonly baseURL: string
  readonly token: string
  /** Bodies that the provider got, oldest first. */
  sent(): any[]
  /** Resolves when the provider's side of an unfinished answer is closed; fails after 5 seconds. */
  aborted(): Promise<void>
  close(): Promise<void>
}

/** Ids of the fake upstream; a client names them as `up/echo`. */
const ids = ['echo', 'tools', 'parallel-tools', 'endless', 'text-embedding']

/** A gateway in this process with the whole OpenAI API, as a client finds it. */
export async function boot(): Promise<Booted> {
  const upstream = await startUpstream()
  const gateway = await bootGateway({
    limits: { closeDrainMs: 100 },
    plugins: [
      http,
      health,
      { plugin: agents, config: { defaults: { model: 'up/echo' } } },
      models,
      { plugin: providerOpenai, config: { up: { baseUrl: upstream.baseUrl, models: ids.map((id) => ({ id })) } } },
      inference,
      openaiModels,
      openaiChat,
      openaiEmbeddings,
      openaiResponses,
    ] as never,
  })
  const failed = gateway.inspect().plugins.filter(({ state }) => state !== 'active')
  if (failed.length > 0) throw new Error(JSON.stringify(failed))
  return {
    gateway,
    upstream,
    baseURL: `${gateway.url}/v1`,
    token: gateway.token,
    sent: () => upstream.requests.flatMap(({ body }: UpstreamRequest) => body ?? []),
    async aborted() {
      const limit = AbortSignal.timeout(5_000)
      const closed = () => upstream.requests.some(({ body, closedAt }) => body?.model === 'endless' && closedAt !== undefined)
      while (!closed()) {
        limit.throwIfAborted()
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    async close() {
      await gateway.close()
      await upstream.close()
    },
  }
}

/** A package without its declarations, which the strict settings of this repository do not accept. */
export const untyped = (name: string): Promise<any> => import(name)

export const weather = {
  name: 'weather',
  description: 'The weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
}
export const tides = { ...weather, name: 'tides', description: 'The tides of a city' }
/** What structured answers must look like; the fake model fills it with `text`. */
export const place = {
  type: 'object',
  properties: { city: { type: 'string' }, river: { type: 'string' } },
  required: ['city', 'river'],
  additionalProperties: false,
}
export const placed = { city: 'text', river: 'text' }
