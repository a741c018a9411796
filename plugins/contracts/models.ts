import { defineService, defineSurface, GatewayError, type Principal } from 'openclaw/plugin'
import type { Cancellation } from './cancellation.js'

/** A model that the gateway can reach. Its public id is `key`. */
export interface Model {
  /** `provider/id`, except that an id which already starts with `provider/` is its own key. */
  readonly key: string
  readonly provider: string
  /** As the provider knows it. */
  readonly id: string
  readonly kind: 'chat' | 'embedding'
  readonly name?: string
  /** Seconds since the epoch; 0 when unknown. */
  readonly created?: number
  readonly contextWindow?: number
  readonly maxTokens?: number
  readonly input?: readonly ('text' | 'image')[]
  /** US dollars for a million tokens; absent: unknown, and counted as nothing. */
  readonly cost?: { readonly input: number; readonly output: number; readonly cacheRead?: number; readonly cacheWrite?: number }
}

export type ContentPart =
  | { type: 'text'; text: string }
  | { type: 'image_url'; image_url: { url: string; detail?: 'auto' | 'low' | 'high' } }
  | { type: 'file'; file: { filename?: string; file_data: string } }
  | { type: 'refusal'; refusal: string }

export interface ToolCall {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
}

/** Normalised: `developer` is `system`, legacy functions are tools. Tool calls and results stay structured. */
export type ChatMessage =
  | { role: 'system'; content: string; name?: string }
  | { role: 'user'; content: string | ContentPart[]; name?: string }
  | { role: 'assistant'; content: string | ContentPart[] | null; name?: string; tool_calls?: ToolCall[] }
  | { role: 'tool'; content: string; tool_call_id: string }

export interface FunctionTool {
  name: string
  description?: string
  /** JSON Schema of the arguments. */
  parameters?: Record<string, unknown>
  strict?: boolean
}

/** A chat as the gateway passes it to a provider; absent fields are the provider's defaults. */
export interface ChatRequest {
  messages: ChatMessage[]
  /** Deltas as they come, or one batch at the end. */
  stream: boolean
  tools?: FunctionTool[]
  toolChoice?: 'auto' | 'none' | 'required' | { name: string }
  parallelToolCalls?: boolean
  maxTokens?: number
  temperature?: number
  topP?: number
  presencePenalty?: number
  frequencyPenalty?: number
  stop?: string[]
  seed?: number
  logitBias?: Record<string, number>
  logprobs?: boolean
  topLogprobs?: number
  responseFormat?:
    | { type: 'json_object' }
    | { type: 'json_schema'; name: string; schema: Record<string, unknown>; strict?: boolean; description?: string }
  reasoningEffort?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh'
  user?: string
}

export interface Usage {
  promptTokens: number
  completionTokens: number
  totalTokens: number
  cachedTokens?: number
  reasoningTokens?: number
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

/** What a model says, in order. A complete answer has exactly one `finish`; `usage` may follow it. */
export type ChatEvent =
  | { type: 'text'; text: string; logprobs?: unknown }
  | { type: 'reasoning'; text: string }
  | { type: 'refusal'; text: string }
  /** `id` and `name` come with the first event of a call; `arguments` is appended. */
  | { type: 'tool'; index: number; id?: string; name?: string; arguments: string }
  | { type: 'finish'; reason: FinishReason }
  | { type: 'usage'; usage: Usage }

/** About one call of a provider. Pass it on as it is: a copy by spreading lacks `signal`. */
export interface CallContext {
  /** Aborted when the client goes away or the deadline passes: the upstream request must end within 500 ms. */
  readonly cancellation: Cancellation
  /** The same for code that needs an `AbortSignal`; made on first use, and not cheap. */
  readonly signal: AbortSignal
  readonly requestId: string
}

export const callContext = (cancellation: Cancellation, requestId: string): CallContext => new LazyContext(cancellation, requestId)

class LazyContext implements CallContext {
  readonly cancellation: Cancellation
  readonly requestId: string

  constructor(cancellation: Cancellation, requestId: string) {
    this.cancellation = cancellation
    this.requestId = requestId
  }
  get signal(): AbortSignal {
    return this.cancellation.signal
  }
}

export interface EmbeddingRequest {
  /** Texts, or arrays of token ids for a provider that takes them. */
  input: string[] | number[][]
  dimensions?: number
}
/** What `embed` takes in one call: who asks for more makes several. */
export interface EmbeddingAbilities {
  /** Arrays of token ids, as the model itself counts them. Default: texts alone. */
  readonly tokens?: boolean
  /** Inputs of one call. Default 256. */
  readonly inputs?: number
}
export interface EmbeddingResult {
  /** In the order of the inputs. */
  vectors: number[][]
  promptTokens?: number
}

/**
 * One configured model provider. Errors are `GatewayError` with a code of the API vocabulary: `upstream_auth_error`,
 * `model_not_found`, `context_length_exceeded`, `upstream_rejected`, `upstream_rate_limited`, `upstream_error`,
 * `upstream_unavailable`, `upstream_timeout`, `upstream_bad_response`.
 */
export interface Provider {
  readonly name: string
  /** Configured and discovered models. The array is replaced, never changed, so its identity tells a change. */
  models(): readonly Model[]
  /** Accepts ids that are not listed: local servers. */
  readonly anyModel: boolean
  /** Model of an agent that names none, when this provider was found rather than configured. */
  readonly defaultModel?: string
  /** Comes with the gateway: answers what names no model only while there is no other provider for it, and gives way to one of its name. */
  readonly lastResort?: boolean
  /**
   * Resolves when the upstream accepted the request (2xx headers); then yields batches, one per network read.
   * Ends normally only after a `finish` event, otherwise it throws. Not reading it stops reading the upstream.
   */
  chat?(model: string, request: ChatRequest, context: CallContext): Promise<AsyncIterable<readonly ChatEvent[]>>
  readonly embeds?: EmbeddingAbilities
  embed?(model: string, request: EmbeddingRequest, context: CallContext): Promise<EmbeddingResult>
}

const transient = new Set(['upstream_error', 'upstream_unavailable', 'upstream_overloaded', 'upstream_timeout', 'upstream_rate_limited'])
/** Whether a provider's failure is one that another model may not have. */
export const isTransient = (thrown: unknown): thrown is GatewayError => thrown instanceof GatewayError && transient.has(thrown.code)

/** Providers by name. Owned by the plugin `models`. */
export const Providers = defineSurface<Provider, { add(provider: Provider): void }>('models.providers', (add) => ({
  // A configured provider may have the same name; it is the one that counts.
  add: (provider) => add(provider.lastResort ? `${provider.name} (built in)` : provider.name, provider),
}))

/** What a request names: the body's `model` and the routing headers, as sent. */
export interface ModelSelector {
  /** `body.model`; anything but a string, null or undefined is refused. */
  readonly model?: unknown
  /** `x-openclaw-agent-id`, else `x-openclaw-agent`. */
  readonly agent?: string | undefined
  /** `x-openclaw-model`. */
  readonly override?: string | undefined
  /** `x-openclaw-session-key`. */
  readonly session?: string | undefined
  /** Who asks. What it may not use does not exist for it. */
  readonly principal?: Principal | undefined
  readonly kind: 'chat' | 'embedding'
}

export interface ModelRoute {
  /** `proxy`: exactly the client's messages go to the provider. `agent`: an agent's run, with its prompt and session. */
  readonly lane: 'proxy' | 'agent'
  readonly agent: string
  readonly model: Model
  readonly provider: Provider
  /** The request named the model: none but that one answers. */
  readonly explicit?: boolean
  /** Models to try after `model`, only where the client named none. */
  readonly fallbacks: readonly { model: Model; provider: Provider }[]
  /** What the reply's `model` says: as sent, or the resolved key. */
  readonly echo: string
}

/** What a model says, from the first accepted answer on. */
export interface Answering extends AsyncIterable<readonly ChatEvent[]> {
  /** Who answers: after a fallback not the one that was asked first. */
  readonly model: Model
  /** Models that were asked, in order; the last one answers. */
  readonly tried: readonly string[]
}

/** A call of a route's model, and of its fallbacks while nothing was told to the client. */
export interface ModelCall<Request> {
  readonly route: ModelRoute
  /** The same for every model, or made for each. */
  readonly request: Request | ((model: Model) => Request)
  readonly principal: Principal | undefined
  readonly cancellation: Cancellation
  readonly requestId: string
  /** The client was told which model answers, so no other may be tried. */
  committed?(): boolean
  /** A model is about to be asked; what it answers is called when that call is over. */
  trying?(target: { readonly model: Model; readonly provider: Provider }): (() => void) | undefined
}

/** The flat registry of every model, and the one algorithm that turns a request into a model. Errors are `GatewayError` with the API's codes. */
export interface Models {
  /** What an agent may use, and whoever asks, sorted by provider, then configured order. Default agent when none is named. */
  list(agent?: string, principal?: Principal): readonly Model[]
  /** One model by public id, in the scoped list; undefined when it is not there. */
  find(id: string, agent?: string, principal?: Principal): Model | undefined
  route(selector: ModelSelector): ModelRoute
  /**
   * The one way to ask a model: within the caller's budget, past models that are known to fail, counted in the ledger. Resolves when
   * a model accepted; later failures come from the iterator and are not retried. Errors: those of `Provider`, `spend_limit_exceeded`.
   */
  chat(call: ModelCall<ChatRequest>): Promise<Answering>
  embed(call: ModelCall<EmbeddingRequest>): Promise<EmbeddingResult>
  /** The model that answers when a request names none. */
  primary(agent?: string): Model | undefined
}
export const Models = defineService<Models>('models')
