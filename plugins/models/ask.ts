import { GatewayError, type Handle, type Log } from 'openclaw/plugin'
import type { Charge, Ledger, SpendLimits } from '../contracts/ledger.js'
import {
  type Answering,
  type CallContext,
  callContext,
  type ChatRequest,
  type EmbeddingRequest,
  type EmbeddingResult,
  isTransient,
  type Model,
  type ModelCall,
  type Models,
} from '../contracts/models.js'
import { Answer, Bill } from './bill.js'
import type { Served } from './catalog.js'
import { type Circuits, isRejected } from './circuits.js'
import { chatChars, embeddingChars } from './size.js'

export interface AskParts {
  readonly circuits: Circuits
  readonly ledger: Handle<Ledger | undefined>
  readonly limits: Handle<SpendLimits | undefined>
  readonly log: Log
}

/** How one kind of request is sent, and measured. */
interface Way<Request, Result> {
  send(target: Served, request: Request, context: CallContext): Promise<Result>
  chars(request: Request): number
  maxTokens(request: Request): number | undefined
}

interface Accepted<Result> {
  readonly target: Served
  readonly tried: readonly string[]
  readonly result: Result
  readonly bill: Bill | undefined
}

/** Answering with another model may help: this one has no capacity, no connection, or not our key. */
const mayMoveOn = (error: unknown): error is GatewayError => isTransient(error) || isRejected(error)

const chatting: Way<ChatRequest, Awaited<ReturnType<NonNullable<Served['provider']['chat']>>>> = {
  send: ({ model, provider }, request, context) => {
    if (!provider.chat) throw unsupported(model.key, 'does not chat')
    return provider.chat(model.id, request, context)
  },
  chars: chatChars,
  maxTokens: ({ maxTokens }) => maxTokens,
}
const embedding: Way<EmbeddingRequest, EmbeddingResult> = {
  send: ({ model, provider }, request, context) => {
    if (!provider.embed) throw unsupported(model.key, 'does not embed')
    return provider.embed(model.id, request, context)
  },
  chars: embeddingChars,
  maxTokens: () => 0,
}
const unsupported = (key: string, what: string) =>
  new GatewayError('unsupported_model_for_endpoint', `The model '${key}' ${what}.`, { param: 'model' })

/** Asks the models of routes, one after the other as long as they fail before the client was told anything. */
export function createAsk(parts: AskParts): Pick<Models, 'chat' | 'embed'> {
  return {
    async chat(call): Promise<Answering> {
      const { target, tried, result, bill } = await ask(parts, call, chatting)
      bill?.watch(call.cancellation)
      return new Answer(target.model, tried, result, bill)
    },
    async embed(call) {
      const { result, bill } = await ask(parts, call, embedding)
      const { promptTokens } = result
      if (bill && promptTokens !== undefined) bill.usage = { promptTokens, completionTokens: 0, totalTokens: promptTokens }
      bill?.close(true)
      return result
    },
  }
}

async function ask<Q, R>(parts: AskParts, call: ModelCall<Q>, way: Way<Q, R>): Promise<Accepted<R>> {
  const targets = targetsOf(parts.circuits, call)
  const tried: string[] = []
  const context = callContext(call.cancellation, call.requestId)
  let last: GatewayError | undefined
  let failure: GatewayError | undefined
  let rejecting: Served['provider'] | undefined
  for (const target of targets) {
    // The same credentials would be rejected again.
    if (target.provider === rejecting) continue
    if (last) logMove(parts.log, call, tried, last)
    tried.push(target.model.key)
    try {
      return { target, tried, ...(await askOne(parts, call, way, target, context)) }
    } catch (error) {
      if (!mayMoveOn(error) || call.cancellation.aborted || call.committed?.()) throw error
      last = error
      // Of all failures the client gets one after which it makes sense to try again.
      failure = failure && isTransient(failure) && !isTransient(error) ? failure : error
      if (isRejected(error)) rejecting = target.provider
    }
  }
  throw failure
}

/** Who is asked, in order: none that is known to fail while there is another. */
function targetsOf<Q>(circuits: Circuits, { route, committed }: ModelCall<Q>): readonly Served[] {
  // Told already, as when a place was waited for: nobody else may answer.
  const all: readonly Served[] = route.fallbacks.length === 0 || committed?.() ? [route] : [route, ...route.fallbacks]
  const able = all.filter((target) => circuits.standing(target) !== 'open')
  if (able.length === 0) throw circuits.refusal(route)
  const ready = able.filter((target) => circuits.standing(target) === 'ready')
  return ready.length > 0 ? ready : able
}

async function askOne<Q, R>(
  { circuits, ledger, limits }: AskParts,
  call: ModelCall<Q>,
  way: Way<Q, R>,
  target: Served,
  context: CallContext,
): Promise<{ result: R; bill: Bill | undefined }> {
  const { cancellation } = call
  const request = requestFor(call, target.model)
  const release = call.trying?.(target)
  let bill = release && new Bill(release)
  let made = false
  try {
    if (!ledger.current) refuseUncounted(call, limits.current)
    const reserved = ledger.current?.reserve(new ModelCharge(call, target.model, request, way))
    if (reserved) {
      bill ??= new Bill(undefined)
      bill.reservation = 'then' in reserved ? await reserved : reserved
    }
    if (cancellation.aborted) throw cancellation.reason
    made = true
    return { result: await circuits.call(target, cancellation, () => way.send(target, request, context)), bill }
  } catch (error) {
    bill?.close(made && (cancellation.aborted || mayHaveWorked(error)))
    throw error
  }
}

/** A limit that nobody counts against is none, so it is as good as reached. Error: `forbidden`. */
function refuseUncounted({ principal }: ModelCall<unknown>, limits: SpendLimits | undefined) {
  if (!principal || !limits?.limitOf(principal)) return
  const what = 'This credential has a spend limit, and nobody counts what it spends'
  throw new GatewayError('forbidden', `${what}: turn the plugin "usage" on, or take the limit away.`)
}

function requestFor<Q>({ request }: ModelCall<Q>, model: Model): Q {
  return typeof request === 'function' ? (request as (model: Model) => Q)(model) : request
}

/** A refusal costs nothing; an answer that does not come in time, or that makes no sense, may. */
const mayHaveWorked = (error: unknown) =>
  error instanceof GatewayError && (error.code === 'upstream_timeout' || error.code === 'upstream_bad_response')

/** What the ledger is told. The request is measured only if somebody wants to know. */
class ModelCharge<Q> implements Charge {
  readonly principal: Charge['principal']
  readonly agent: string
  readonly model: Model
  readonly requestId: string
  readonly #request: Q
  readonly #way: Way<Q, unknown>

  constructor({ principal, route, requestId }: ModelCall<Q>, model: Model, request: Q, way: Way<Q, unknown>) {
    this.principal = principal
    this.agent = route.agent
    this.model = model
    this.requestId = requestId
    this.#request = request
    this.#way = way
  }
  get maxTokens(): number | undefined {
    return this.#way.maxTokens(this.#request)
  }
  get inputChars(): number {
    return this.#way.chars(this.#request)
  }
}

function logMove(log: Log, { requestId }: ModelCall<unknown>, tried: readonly string[], { code, message }: GatewayError) {
  log.warn(`model "${tried.at(-1)}" failed, trying the next one: ${message}`, { requestId, code })
}
