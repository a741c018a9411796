import { GatewayError, definePlugin } from 'openclaw/plugin'
import { type ChatEvent, type ChatRequest, type Model, Models, type Provider } from 'openclaw/contracts'

const model: Model = { key: 'local/echo', provider: 'local', id: 'echo', kind: 'chat', name: 'Echo' }

const provider: Provider = { name: 'local', anyModel: false, models: () => [model] }

/** A model in the same process: it says what it was told, a word at a time. */
async function* say(text: string, signal: AbortSignal): AsyncGenerator<ChatEvent[]> {
  const words = text.match(/\S+\s*/g) ?? []
  for (const word of words) {
    signal.throwIfAborted()
    yield [{ type: 'text', text: word }]
  }
  const completionTokens = words.length
  yield [
    { type: 'finish', reason: 'stop' },
    { type: 'usage', usage: { promptTokens: completionTokens, completionTokens, totalTokens: 2 * completionTokens } },
  ]
}

function lastWords({ messages }: ChatRequest): string {
  const content = messages.findLast(({ role }) => role === 'user')?.content ?? ''
  if (typeof content === 'string') return content
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('')
}

const known = (id: unknown) => id === undefined || id === null || id === model.key || id === 'openclaw'

/** All that the chat endpoint asks for: which models there are, which one a request means, and its answer. */
export const echoModels = definePlugin({
  api: 1,
  name: 'echo-models',
  provides: [Models],
  apply: (kernel) =>
    kernel.provide(Models, {
      list: () => [model],
      find: (id) => (id === model.key ? model : undefined),
      primary: () => model,
      route: ({ model: asked }) => {
        if (!known(asked)) throw new GatewayError('model_not_found', `There is only ${model.key} here.`, { param: 'model' })
        return { lane: 'proxy', agent: 'main', model, provider, fallbacks: [], echo: String(asked ?? model.key) }
      },
      chat: async ({ request, cancellation }) => {
        const words = lastWords(typeof request === 'function' ? request(model) : request)
        return { model, tried: [model.key], [Symbol.asyncIterator]: () => say(words, cancellation.signal) }
      },
      embed: async () => {
        throw new GatewayError('unsupported_model_for_endpoint', `${model.key} does not embed.`, { param: 'model' })
      },
    }),
})
