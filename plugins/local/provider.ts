import { GatewayError, printable } from 'openclaw/plugin'
import type { Model, Provider } from '../contracts/models.js'
import { embeddingCommand } from './embedder.js'
import { embedTexts } from './embedding.js'
import { chatWithGuide } from './guide-chat.js'
import type { Llama } from './llama.js'
import type { WorkerHost } from './worker-host.js'

/** What the provider works with once it has started. */
export interface Held {
  readonly worker: WorkerHost
  /** Whether the parts of the embedding model are installed. */
  readonly embedding: boolean
  readonly llama: Llama | undefined
}

const provider = 'local'
const model = (id: string, more: Partial<Model> = {}): Model => ({
  key: `${provider}/${id}`,
  provider,
  id,
  kind: 'chat',
  input: ['text'],
  ...more,
})
const guide = model('guide', { name: 'Guide to this gateway' })
const embeddings = model('use-lite-en', { kind: 'embedding', name: 'Universal Sentence Encoder lite, English' })

/** Models that a `Held` has, besides the guide that is always there. */
export const modelsOf = ({ embedding, llama }: Pick<Held, 'embedding'> & { llama: { id: string } | undefined }): readonly Model[] => [
  ...(llama ? [model(llama.id)] : []),
  guide,
  ...(embedding ? [embeddings] : []),
]

export function createProvider(models: () => readonly Model[], held: () => Held): Provider {
  const missing = (id: string) => {
    const names = models().map(({ key }) => key)
    return new GatewayError('model_not_found', `The model 'local/${printable(id)}' does not exist. There are: ${names.join(', ')}.`, {
      param: 'model',
    })
  }
  return {
    name: provider,
    models,
    // So that asking for what is not installed is answered with what to install.
    anyModel: true,
    lastResort: true,
    async chat(id, request, context) {
      const { llama, worker } = held()
      if (id === llama?.id) return llama.chat(request, context)
      if (id === guide.id) return chatWithGuide(worker.ask, request, context)
      throw missing(id)
    },
    async embed(id, request, { cancellation }) {
      const { embedding, worker } = held()
      if (id !== embeddings.id) throw missing(id)
      if (embedding) return embedTexts(worker.ask, request, cancellation)
      const message = `The model '${embeddings.key}' is not installed. Add it beside the gateway, then restart it: ${embeddingCommand}`
      throw new GatewayError('model_not_found', message, { param: 'model' })
    },
  }
}
