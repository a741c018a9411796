import type { TestContext } from 'node:test'
import { createTestGateway } from 'openclaw/testing'
import { Canceller } from '../../../plugins/contracts/cancellation.js'
import { callContext, type ChatEvent, type ChatRequest, Models, type Provider } from '../../../plugins/contracts/models.js'
import local from '../../../plugins/local/index.js'
import type { Config } from '../../../plugins/local/schema.js'
import models from '../../../plugins/models/index.js'
import { probe, providersPlugin } from '../../support/registry.js'

/** A gateway with the local models and these providers. */
export async function open(t: TestContext, { config, providers = [] }: { config?: Partial<Config>; providers?: readonly Provider[] } = {}) {
  const seen = probe(Models)
  const plugins = (config: Partial<Config>) => [
    models,
    { plugin: local, config: config as Config },
    providersPlugin(providers),
    seen.plugin,
  ]
  const gateway = await createTestGateway({ plugins: plugins(config ?? {}) })
  t.after(() => gateway.close())
  return { gateway, models: () => seen.current, reload: (config: Partial<Config>) => gateway.reload({ plugins: plugins(config) }) }
}

export const contextOf = (cancellation = new Canceller()) => callContext(cancellation, 'request-1')

/** The batches of an answer. */
export async function chat(provider: Provider, model: string, content: string, more: Partial<ChatRequest> = {}, cancellation?: Canceller) {
  const request: ChatRequest = { stream: true, messages: [{ role: 'user', content }], ...more }
  const batches: (readonly ChatEvent[])[] = []
  for await (const batch of (await provider.chat?.(model, request, contextOf(cancellation))) ?? []) batches.push(batch)
  return batches
}

export const textOf = (batches: readonly (readonly ChatEvent[])[]) =>
  batches
    .flat()
    .map((event) => (event.type === 'text' ? event.text : ''))
    .join('')
