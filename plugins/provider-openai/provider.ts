import type { CallContext, ChatEvent, ChatRequest, Provider } from '../contracts/models.js'
import { createBatches } from './batches.js'
import { createAnswerReader } from './chat-answer.js'
import { chatBody } from './chat-request.js'
import type { Client } from './client.js'
import { collect } from './collect.js'
import { type CreateParser, decodeStream, decodeWhole } from './decoders.js'
import { type Dialect, dialectOf } from './dialect.js'
import { embeddingBody, embeddingResult } from './embeddings.js'
import type { Listing } from './listing.js'
import type { Entry } from './schema.js'

export interface ProviderOptions {
  readonly name: string
  readonly entry: Entry
  readonly host: string
  readonly client: Client
  readonly listing: () => Listing
  /** A detail of a failure, cleaned, for the log. */
  note(requestId: string, detail: string): void
}

const maxEmbeddingBytes = 268_435_456

export function createProvider({ name, entry, host, client, listing, note }: ProviderOptions): Provider {
  const { idleMs } = entry.timeouts
  // Asked of the module loader once, not with every request.
  let createParser: CreateParser | undefined
  const dialects = new Map<string, Dialect>(entry.models.map((model) => [model.id, dialectOf(host, model.id, model)]))
  const dialect = (id: string) => dialects.get(id) ?? dialectOf(host, id, undefined)

  return {
    name,
    models: () => listing().models,
    anyModel: entry.anyModel ?? entry.models.length === 0,
    ...(entry.defaultModel !== undefined && { defaultModel: entry.defaultModel }),
    async chat(
      model: string,
      request: ChatRequest,
      { cancellation, requestId }: CallContext,
    ): Promise<AsyncIterable<readonly ChatEvent[]>> {
      const body = chatBody(model, request, dialect(model))
      createParser ??= (await import('eventsource-parser')).createParser
      const parser = createParser
      const reader = createAnswerReader(client.subject(model), (detail) => note(requestId, detail))
      const answer = await client.ask({
        method: 'POST',
        path: '/chat/completions',
        body,
        model,
        requestId,
        cancellation,
        // Some answer a stream with an object, and some an object with a stream.
        open: ({ headers }, flow) =>
          createBatches(
            flow,
            headers['content-type']?.includes('text/event-stream')
              ? decodeStream(parser, name, reader, idleMs)
              : decodeWhole(name, reader, idleMs),
          ),
      })
      return answer
    },
    embeds: { tokens: true, inputs: entry.embeddingBatch },
    async embed(model, request, { cancellation, requestId }) {
      const answer = await client.ask({
        method: 'POST',
        path: '/embeddings',
        body: embeddingBody(model, request, dialect(model)),
        model,
        requestId,
        cancellation,
        open: (_head, flow) => collect(flow, maxEmbeddingBytes, entry.timeouts.headersMs + idleMs),
      })
      const body = await answer.body
      if (cancellation.aborted) throw cancellation.reason
      return embeddingResult(name, body, request.input.length, idleMs)
    },
  }
}
