import type { IncomingMessage } from 'node:http'
import type { Handle, Principal } from 'openclaw/plugin'
import type { Call, RawHandler } from '../contracts/http.js'
import type { ModelRoute, Models } from '../contracts/models.js'
import type { Runs } from '../contracts/runs.js'
import { Audience } from './audience.js'
import { type Body, unsupported } from './fields.js'
import { digestOf, idempotencyKey, type Replays } from './idempotency.js'
import { parseMessages } from './messages.js'
import { parseOptions } from './request.js'
import type { Jobs } from './jobs.js'
import { agentLane } from './lane.js'
import type { Config } from './schema.js'

interface Parts {
  readonly config: Handle<Config>
  readonly models: Handle<Models>
  /** Without it the agent lane has no prompt and no session: it is the proxy lane with the agent's model. */
  readonly runs: Handle<Runs | undefined>
  readonly jobs: Jobs
  readonly replays: Replays
}

/** POST /v1/chat/completions. Checks go from cheap to dear: size, JSON, fields, agent and model, messages, a free place. */
export const createHandler =
  ({ config, models, runs, jobs, replays }: Parts): RawHandler =>
  async (req, res, call) => {
    const beganAt = performance.now()
    const limits = config.current
    const body = await call.readJson({ maxBytes: limits.maxBodyBytes })
    const { request, includeUsage } = parseOptions(body)
    const key = idempotencyKey(req)
    const session = header(req, 'x-openclaw-session-key')
    const route = routeOf(models.current, req, body, session)
    const agents = route.lane === 'agent' ? runs.current : undefined
    if (session !== undefined && !agents)
      throw unsupported('x-openclaw-session-key', '`x-openclaw-session-key` needs the plugins "sessions" and "runs", which do not run.')
    call.note({ agent: route.agent, model: route.model.key })
    const messages = parseMessages(body['messages'], limits)
    const digest = key === undefined ? undefined : digestOf(key, ...identity(call, req, route), body)
    const running = digest === undefined ? undefined : replays.find(digest)
    if (running) return running.join(res, call, beganAt)
    const audience = new Audience(limits, digest !== undefined)
    if (digest !== undefined) replays.add(digest, audience)
    const answered = audience.join(res, call, beganAt)
    const ask =
      agents && agentLane({ runs: agents, route, principal: call.principal as Principal, session, timeoutMs: limits.runTimeoutMs })
    const job = { route, request: { messages, ...request }, includeUsage, requestId: call.id, ...(ask && { ask }) }
    void jobs.start(job, audience).then(() => digest !== undefined && replays.settle(digest))
    return answered
  }

const header = ({ headers }: IncomingMessage, name: string): string | undefined => {
  const value = headers[name]
  const text = typeof value === 'string' ? value.trim() : ''
  return text === '' ? undefined : text
}

const routeOf = (models: Models, req: IncomingMessage, body: Body, session: string | undefined): ModelRoute =>
  models.route({
    model: body['model'],
    agent: header(req, 'x-openclaw-agent-id') ?? header(req, 'x-openclaw-agent'),
    override: header(req, 'x-openclaw-model'),
    session,
    kind: 'chat',
  })

/** What besides key and body tells one request from another. */
const identity = ({ principal }: Call, req: IncomingMessage, { lane, agent, model }: ModelRoute) => [
  principal?.kind,
  principal?.id,
  lane,
  agent,
  model.key,
  header(req, 'x-openclaw-model'),
  header(req, 'x-openclaw-session-key'),
]
