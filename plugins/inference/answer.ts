import type { IncomingMessage } from 'node:http'
import type { Handle, Principal } from 'openclaw/plugin'
import { unsupported } from '../contracts/fields.js'
import type { Call } from '../contracts/http.js'
import type { Inference, InferenceRequest } from '../contracts/inference.js'
import type { ChatRequest, ModelCall, Models } from '../contracts/models.js'
import { header } from '../contracts/routing-headers.js'
import type { Runs } from '../contracts/runs.js'
import type { Offer } from './attempt.js'
import { Audience } from './audience.js'
import { digestOf, idempotencyKey, type Replays } from './idempotency.js'
import type { Jobs } from './jobs.js'
import { askAgent } from './lane.js'
import type { Config } from './schema.js'

export interface InferenceParts {
  readonly config: Handle<Config>
  readonly models: Handle<Models>
  /** Without it the agent lane has no prompt and no session: it is the proxy lane with the agent's model. */
  readonly runs: Handle<Runs | undefined>
  readonly jobs: Jobs
  readonly replays: Replays
}

export const createInference = ({ config, models, runs, jobs, replays }: InferenceParts): Inference => ({
  async answer(req, res, call, asked) {
    const beganAt = performance.now()
    const { route, request, session } = asked
    const agents = route.lane === 'agent' ? runs.current : undefined
    if (session !== undefined && !agents)
      throw unsupported('x-openclaw-session-key', '`x-openclaw-session-key` needs the plugins "sessions" and "runs", which do not run.')
    const key = idempotencyKey(req)
    const digest = key === undefined ? undefined : digestOf(key, ...identity(call, req, asked), asked.body)
    const running = digest === undefined ? undefined : replays.find(digest)
    if (running) return running.join(res, call, beganAt)
    const limits = config.current
    const audience = new Audience(limits, digest !== undefined)
    if (digest !== undefined) replays.add(digest, audience)
    const answered = audience.join(res, call, beganAt)
    const principal = call.principal as Principal
    const lane = agents && { ...asked, runs: agents, principal, timeoutMs: limits.runTimeoutMs }
    const ask = lane
      ? (offer: Offer) => askAgent(lane, offer)
      : (offer: Offer) => askModels(models.current, { route, request, principal }, offer)
    const job = { route, request, requestId: call.id, reply: asked.reply, ask }
    void jobs.start(job, audience).then(() => digest !== undefined && replays.settle(digest))
    return answered
  },
})

const askModels = (models: Models, call: Pick<ModelCall<ChatRequest>, 'route' | 'request' | 'principal'>, offer: Offer) =>
  models.chat({
    ...call,
    cancellation: offer.cancellation,
    requestId: offer.requestId,
    committed: offer.committed,
    trying({ model }) {
      offer.trying(model)
      return undefined
    },
  })

/** What besides key and body tells one request from another. */
const identity = ({ principal, path }: Call, req: IncomingMessage, { route: { lane, agent, model }, session }: InferenceRequest) => [
  principal?.kind,
  principal?.id,
  path,
  lane,
  agent,
  model.key,
  header(req, 'x-openclaw-model'),
  session,
]
