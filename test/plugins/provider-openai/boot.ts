import type { TestContext } from 'node:test'
import { createTestGateway, type TestGatewayOptions } from 'openclaw/testing'
import { cancellationOf } from '../../../plugins/contracts/cancellation.js'
import { callContext, type ChatEvent, type ChatRequest, Models, type Provider } from '../../../plugins/contracts/models.js'
import models from '../../../plugins/models/index.js'
import providerOpenai from '../../../plugins/provider-openai/index.js'
import type { Config } from '../../../plugins/provider-openai/schema.js'
import { probe } from '../../support/registry.js'
import { startUpstream, type UpstreamOptions } from '../../support/upstream.js'

export const key = 'sk-test-0123456789abcdef'

/** A gateway whose provider `fake` is a fake upstream. The plugin is spoken to as `openai-chat` does. */
export async function open(
  t: TestContext,
  setup: { upstream?: UpstreamOptions; entry?: object; others?: Config; gateway?: TestGatewayOptions } = {},
) {
  const upstream = await startUpstream({ key, ...setup.upstream })
  t.after(() => upstream.close())
  const seen = probe(Models)
  const plugins = (entry: object) => [
    models,
    seen.plugin,
    {
      plugin: providerOpenai,
      config: { fake: { baseUrl: upstream.baseUrl, apiKey: key, ...entry }, ...setup.others } as unknown as Config,
    },
  ]
  const gateway = await createTestGateway({ plugins: plugins(setup.entry ?? {}), ...setup.gateway })
  t.after(() => gateway.close())
  const provider = (name = 'fake'): Provider => seen.current.route({ model: `${name}/any`, kind: 'chat' }).provider
  return {
    upstream,
    gateway,
    provider,
    models: () => seen.current,
    reload: (entry: object) => gateway.reload({ plugins: plugins(entry) }),
    /** The last chat that the upstream got. */
    body: () => upstream.requests.filter(({ method }) => method === 'POST').at(-1)?.body,
    chat: (model: string, request: Partial<ChatRequest> = {}, signal?: AbortSignal) => chat(provider(), model, request, signal),
  }
}

export const question: ChatRequest = { stream: true, messages: [{ role: 'user', content: 'hi' }] }

export const contextOf = (signal = new AbortController().signal) => callContext(cancellationOf(signal), 'request-1')

/** The answer's batches, or what it throws. */
export async function chat(provider: Provider, model: string, request: Partial<ChatRequest> = {}, signal?: AbortSignal) {
  const answer = await provider.chat?.(model, { ...question, ...request }, contextOf(signal))
  const batches: (readonly ChatEvent[])[] = []
  for await (const batch of answer ?? []) batches.push(batch)
  return batches
}

export const textOf = (batches: readonly (readonly ChatEvent[])[]) =>
  batches
    .flat()
    .map((event) => (event.type === 'text' ? event.text : ''))
    .join('')

/** What a promise rejects with, as far as API clients see it, and when. */
export async function failure(promise: Promise<unknown>) {
  const began = performance.now()
  try {
    await promise
  } catch (error) {
    const { code, message, param, retryAfterS } = error as Record<string, any>
    return { code, message, param, retryAfterS, tookMs: performance.now() - began }
  }
  throw new Error('nothing was thrown')
}
