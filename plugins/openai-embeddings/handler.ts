import { GatewayError, type Handle, type Log } from 'openclaw/plugin'
import { Canceller } from '../contracts/cancellation.js'
import type { Call, RawHandler } from '../contracts/http.js'
import type { ModelRoute, Models } from '../contracts/models.js'
import { selectorOf } from '../contracts/routing-headers.js'
import { type Embedded, embedAll, type Work } from './embed.js'
import { textInstead } from './failure.js'
import { type Input, isTexts, parseInput } from './input.js'
import { parseDimensions, parseFormat } from './request.js'
import type { Config } from './schema.js'

interface Parts {
  readonly config: Handle<Config>
  readonly models: Handle<Models>
  readonly log: Log
}

/** POST /v1/embeddings. Checks go from cheap to dear: size, JSON, fields, agent and model, inputs, a free place. */
export function createHandler({ config, models, log }: Parts): RawHandler {
  let running = 0
  return async (req, _res, call) => {
    const beganAt = performance.now()
    const limits = config.current
    const body = await call.readJson({ maxBytes: limits.maxBodyBytes })
    const format = parseFormat(body)
    const dimensions = parseDimensions(body)
    const route = models.current.route(selectorOf(req, call, body['model'], 'embedding'))
    call.note({ agent: route.agent, model: route.model.key })
    const input = parseInput(body['input'], limits)
    refuseTokens(route, input)
    if (running >= limits.maxInFlight) throw tooMany()
    running++
    try {
      const embedded = await timed(models.current, route, { input, format, dimensions }, call, limits.timeoutMs)
      call.replyJson(200, replyOf(route, embedded), headersOf(route, beganAt))
    } catch (error) {
      report(log, call, route, error)
      throw error
    } finally {
      running--
    }
  }
}

function refuseTokens({ model, provider }: ModelRoute, input: Input) {
  if (isTexts(input) || provider.embeds?.tokens) return
  throw new GatewayError('unsupported_parameter', `Model '${model.key}' does not take token arrays. ${textInstead}`, { param: 'input' })
}

const tooMany = () => new GatewayError('too_many_runs', 'Too many requests are running. Try again in a few seconds.', { retryAfterS: 5 })

/** Ends the calls to the provider when the client leaves, when time is up, and when one of them fails. */
async function timed(
  models: Models,
  route: ModelRoute,
  work: Work,
  { cancellation, id, principal }: Call,
  timeoutMs: number,
): Promise<Embedded> {
  const canceller = new Canceller()
  const unwatch = cancellation.onAbort((reason) => canceller.abort(reason))
  const overdue = () => new GatewayError('upstream_timeout', `The embeddings took longer than ${timeoutMs} ms.`)
  const deadline = setTimeout(() => canceller.abort(overdue()), timeoutMs)
  try {
    return await embedAll(models, { route, principal, cancellation: canceller, requestId: id }, work)
  } catch (error) {
    canceller.abort(error)
    throw canceller.reason
  } finally {
    clearTimeout(deadline)
    unwatch()
  }
}

/** By hand around the items, which are JSON already. */
const replyOf = ({ echo }: ModelRoute, { items, promptTokens }: Embedded) =>
  `{"object":"list","data":[${items}],"model":${JSON.stringify(echo)},` +
  `"usage":{"prompt_tokens":${promptTokens},"total_tokens":${promptTokens}}}`

const headersOf = ({ agent, model }: ModelRoute, beganAt: number) => ({
  'openai-processing-ms': String(Math.round(performance.now() - beganAt)),
  'x-openclaw-agent-id': agent,
  'x-openclaw-resolved-model': model.key.replace(/[^\x20-\x7e]/gu, '?'),
})

/** What is not a `GatewayError` is a fault, which the kernel reports. */
function report(log: Log, { id }: Call, { agent, model }: ModelRoute, error: unknown) {
  if (!(error instanceof GatewayError) || error.code === 'client_closed') return
  log.warn(`embeddings failed: ${error.message}`, { requestId: id, code: error.code, agent, model: model.key })
}
