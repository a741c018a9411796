import { randomUUID } from 'node:crypto'
import { GatewayError, type Principal } from 'openclaw/plugin'
import type { InferenceRequest } from '../contracts/inference.js'
import type { Answering, ChatMessage } from '../contracts/models.js'
import type { RunRequest, Runs } from '../contracts/runs.js'
import type { Offer } from './attempt.js'
import { Pipe } from './pipe.js'
import { sessionKey } from './session-key.js'
import { turnOf } from './turn.js'

/** What a run of the agent needs besides what a model is asked with. */
export interface AgentCall extends Pick<InferenceRequest, 'route' | 'request' | 'session' | 'sessions'> {
  readonly runs: Runs
  readonly principal: Principal
  readonly timeoutMs: number
}

/**
 * Run the agent and pass on what it says, as if it were a model: in its session, with its prompt. The run ends when it is not wanted
 * any more. Rejects with the codes of the API.
 */
export async function askAgent(call: AgentCall, { cancellation, requestId, committed, trying }: Offer): Promise<Answering> {
  const pipe = new Pipe(call.route.model)
  try {
    const started = await call.runs.start({
      ...runOf(call),
      cancellation,
      requestId,
      committed,
      onModel: trying,
      onEvents: (batch, by) => pipe.write(batch, by),
    })
    if ('earlier' in started) throw new GatewayError('internal_error', 'A run was there before it was asked for.')
    void started.run.done.then(({ status, error }) => pipe.end(status === 'ok' ? undefined : error))
  } catch (error) {
    throw apiErrorOf(error, call.session)
  }
  return pipe.opened
}

function runOf({ route, request, principal, session, sessions, timeoutMs }: AgentCall): Omit<RunRequest, 'requestId'> {
  const { messages, stream: _stream, user, ...options } = request
  const { key, stable } = sessionKey(route.agent, { session, user, prefix: sessions, principal })
  // A client that sends what was said before keeps the conversation itself.
  const managed =
    messages.filter(({ role }) => role === 'user').length !== 1 || messages.some(({ role }) => role !== 'user' && role !== 'system')
  const continues = stable && !managed
  const system = continues ? systemOf(messages) : ''
  return {
    runId: randomUUID(),
    kind: 'http',
    agent: route.agent,
    session: key,
    messages: turnOf(messages),
    context: { messages: continues ? messages.filter(({ role }) => role !== 'system') : messages, transcript: continues },
    options,
    principal,
    timeoutMs,
    ...(route.explicit && { model: route.model.key }),
    ...(system !== '' && { extraSystemPrompt: system }),
  }
}

const systemOf = (messages: readonly ChatMessage[]) =>
  messages.flatMap((message) => (message.role === 'system' ? [message.content] : [])).join('\n\n')

/** Refusals of the session store in the words of the API. */
function apiErrorOf(thrown: unknown, session: string | undefined): unknown {
  if (!(thrown instanceof GatewayError)) return thrown
  const { code, message } = thrown
  if (session !== undefined && (code === 'INVALID_REQUEST' || code === 'invalid_value'))
    return new GatewayError('invalid_value', `Invalid \`x-openclaw-session-key\`: ${message}.`, { param: 'x-openclaw-session-key' })
  if (code === 'INVALID_REQUEST') return new GatewayError('invalid_value', `Invalid \`user\`: ${message}.`, { param: 'user' })
  if (code === 'UNAVAILABLE') return new GatewayError('plugin_unavailable', 'Sessions cannot be written right now.', { retryAfterS: 5 })
  return thrown
}
