import { GatewayError } from 'openclaw/plugin'
import { orAborted } from '../contracts/cancellation.js'
import type { EmbeddingRequest, ModelCall, Models } from '../contracts/models.js'
import { split } from './batches.js'
import { createEncoder } from './encoder.js'
import { explain, isRejection } from './failure.js'
import { type Input, isTexts, totalOf } from './input.js'
import type { Format } from './request.js'

export interface Work {
  readonly input: Input
  readonly format: Format
  readonly dimensions: number | undefined
}

export interface Embedded {
  /** Items of the reply as JSON, in the order of the inputs, joined by commas. */
  readonly items: string
  /** As reported, else estimated. */
  readonly promptTokens: number
}

/** Inputs of one call where the provider does not say: few enough that no answer holds up everyone else while it is parsed. */
const defaultInputs = 256
/** Calls of one request at the same time. */
const lanes = 4
const charsPerToken = 4

/** Everything about a call of the model but what it is to embed. */
export type Embedding = Omit<ModelCall<EmbeddingRequest>, 'request'>

/** Embed everything, in as many calls as the provider needs. Rejects with the first failure; abort `call` then, to end the other calls. */
export async function embedAll(models: Models, call: Embedding, work: Work): Promise<Embedded> {
  const { cancellation } = call
  const { model, provider } = call.route
  const batches = split(work.input, provider.embeds?.inputs ?? defaultInputs)
  const encoder = createEncoder(model.key, work.format, work.dimensions)
  const texts: string[] = []
  const usage = createUsage()
  let next = 0
  const lane = async () => {
    for (let at = next++; at < batches.length; at = next++) {
      if (cancellation.aborted) throw cancellation.reason
      const { from, input } = batches[at] as (typeof batches)[number]
      const result = await orAborted(embedBatch(models, call, { ...work, input }), cancellation)
      if (result.vectors.length !== input.length)
        throw new GatewayError('upstream_bad_response', `Model '${model.key}' answered with another number of vectors than asked for.`)
      texts[at] = encoder.encode(result.vectors, from)
      usage.add(input, result.promptTokens)
    }
  }
  await Promise.all(Array.from({ length: Math.min(lanes, batches.length) }, lane))
  return { items: texts.join(','), promptTokens: usage.total() }
}

async function embedBatch(models: Models, call: Embedding, { input, dimensions }: Work) {
  const ask = (what: Input) => models.embed({ ...call, request: { input: what, ...(dimensions !== undefined && { dimensions }) } })
  try {
    return await ask(input)
  } catch (error) {
    const filled = isRejection(error) ? withoutEmpty(input) : undefined
    if (!filled) throw explain(error, input, dimensions)
    try {
      return await ask(filled)
    } catch (second) {
      throw explain(second, input, dimensions)
    }
  }
}

/** Clients send empty texts for vectors that only fill a place; some servers refuse them. Undefined: there is none. */
const withoutEmpty = (input: Input): Input | undefined =>
  isTexts(input) && input.includes('') ? input.map((text) => text || ' ') : undefined

/** Sums what calls report, and estimates the rest. Token arrays are counted, not estimated. */
function createUsage() {
  let tokens = 0
  let chars = 0
  return {
    add(input: Input, reported: number | undefined) {
      if (reported !== undefined && Number.isSafeInteger(reported) && reported > 0) tokens += reported
      else if (isTexts(input)) chars += totalOf(input)
      else tokens += totalOf(input)
    },
    total: () => tokens + Math.ceil(chars / charsPerToken),
  }
}
