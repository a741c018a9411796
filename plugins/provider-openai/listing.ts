import type { Model } from '../contracts/models.js'
import type { ModelEntry } from './schema.js'

/** The models of one provider. The array is replaced when something changes. */
export interface Listing {
  models: readonly Model[]
}

const maxModels = 2_000
const printableId = /^[\x21-\x7e]{1,200}$/
const embeddings = /embed|(?:^|[/_-])(?:bge|gte|e5)[-_]/i
/** Offered by the vendor under the same list, but neither chats nor embeds. */
const otherKinds = /whisper|transcribe|(?:^|[/-])tts|dall-e|gpt-image|sora|moderation|realtime|davinci|babbage/i

/** `provider/id`, unless the id already begins with its provider. */
const keyOf = (provider: string, id: string) => (id.toLowerCase().startsWith(`${provider}/`) ? id : `${provider}/${id}`)
const kindOf = (id: string): Model['kind'] => (embeddings.test(id) ? 'embedding' : 'chat')

export const configuredModels = (provider: string, entries: readonly ModelEntry[]): readonly Model[] =>
  entries.map(({ id, name, kind, contextWindow, maxTokens, input, cost }) => ({
    key: keyOf(provider, id),
    provider,
    id,
    kind: kind ?? kindOf(id),
    ...(name !== undefined && { name }),
    ...(contextWindow !== undefined && { contextWindow }),
    ...(maxTokens !== undefined && { maxTokens }),
    ...(input && { input }),
    ...(cost && { cost: { ...cost, input: cost.input ?? 0, output: cost.output ?? 0 } }),
  }))

/** What `GET /models` answered. Undefined when it is no list of models. */
export function discoveredModels(provider: string, body: unknown): readonly Model[] | undefined {
  const data = (body as { data?: unknown } | null)?.data ?? body
  if (!Array.isArray(data)) return undefined
  const models = new Map<string, Model>()
  for (const item of data.slice(0, maxModels)) {
    const { id, created, name, context_length, context_window, max_model_len } = (item ?? {}) as Record<string, unknown>
    if (typeof id !== 'string' || !printableId.test(id) || otherKinds.test(id)) continue
    const window = [context_length, context_window, max_model_len].find((value) => Number.isInteger(value))
    models.set(id, {
      key: keyOf(provider, id),
      provider,
      id,
      kind: kindOf(id),
      ...(typeof name === 'string' && name !== '' && { name: name.slice(0, 200) }),
      ...(Number.isInteger(created) && { created: created as number }),
      ...(window !== undefined && { contextWindow: window as number }),
    })
  }
  return [...models.values()]
}
