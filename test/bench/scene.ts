/** What every process of the benchmark knows: the models, the requests, the jobs of the load generator. */
export const modelIds: readonly string[] = ['chat', ...Array.from({ length: 9 }, (_, i) => `other-${i + 1}`)]

/** Time between two chunks of one stream of the upstream: each is a network read of its own for whoever reads it. */
export const chunkIntervalMs = 10

/** The first text of a stream, and what ends one. */
export const firstText = '"content":"To'
export const streamEnd = 'data: [DONE]'

/** What the load generator is to send. */
export interface Job {
  readonly origin: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly requests: number
  readonly atOnce: number
  /** All of `atOnce` start together and the next begin when all have ended; else each place is refilled at once. */
  readonly inWaves: boolean
  /** Any other status, or an answer without the marker, ends the benchmark. */
  readonly status: number
  readonly marker: string
  /** Its arrival is the first token. */
  readonly first?: string
}

/** What it is to do with WebSockets. */
export interface SocketJob {
  readonly script: 'handshakes' | 'refusals' | 'requests' | 'events' | 'paced'
  readonly origin: string
  readonly token: string
  readonly clients: number
  readonly requests: number
  readonly method: string
  /** Milliseconds between two requests of a paced one. */
  readonly everyMs?: number
}

/** The crowd around a client that is measured. */
export interface Gathering {
  readonly origin: string
  readonly token: string
  /** Clients that do nothing. Three more: one never reads, one publishes for it, one sends all it can. */
  readonly idle: number
  /** Payload of each event for the one that never reads. */
  readonly deafBytes: number
}

/** Milliseconds, but for the rate. */
export interface Outcome {
  readonly requestsPerS: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Median time to `first`. */
  readonly firstMs: number
}

const messages = [
  { role: 'system', content: 'You are a terse assistant. Answer in one sentence, in the language of the question.' },
  { role: 'user', content: 'Which of the two reports that we talked about yesterday has the figures of the last quarter?' },
  { role: 'assistant', content: 'The second one, in its appendix.' },
  { role: 'user', content: 'Thanks. Please sum up what it says about returning customers, and keep it short.' },
]

type Request = Pick<Job, 'method' | 'path' | 'body' | 'status' | 'marker' | 'first'>

const chatBody = (model: string, more: object) => JSON.stringify({ model, messages, ...more })
const chatWith = (model: string): Request => ({
  method: 'POST',
  path: '/v1/chat/completions',
  body: chatBody(model, { temperature: 0.2 }),
  status: 200,
  marker: `"model":"${model}"`,
})
/** One model of a provider, without agent and session. */
const proxied = `bench/${modelIds[0]}`
export const listModels: Request = { method: 'GET', path: '/v1/models', status: 200, marker: 'bench/other-9' }
export const chat = chatWith(proxied)
/** The default agent, in a session of its own. */
export const agentChat = chatWith('openclaw')
export const stream = (chunks: number): Request => ({
  method: 'POST',
  path: '/v1/chat/completions',
  body: chatBody(proxied, { stream: true, max_tokens: chunks }),
  status: 200,
  marker: streamEnd,
  first: firstText,
})
export const refused: Request = { method: 'GET', path: '/v1/models', status: 401, marker: 'invalid_api_key' }

/** Headers as a client library sends them. */
export const headersFor = (token: string) => ({
  authorization: `Bearer ${token}`,
  accept: 'application/json',
  'content-type': 'application/json',
  'user-agent': 'bench/1.0',
})

/** The event of the benchmark, and the request that publishes it. */
export const benchEvent = 'bench'
export const publishMethod = 'bench.publish'
/** As much as one step of an answer brings. */
export const publishedPayload = {
  runId: '2f4f3f5e-0f0e-4d39-9a8a-6f1c8f6b2b11',
  sessionKey: 'agent:main:main',
  state: 'delta',
  message: { role: 'assistant', content: [{ type: 'text', text: 'Returning customers bought more often. '.repeat(6) }] },
}

/** About as long as what the gateway says of itself in answer to `connect` and to `health`. */
export const helloBytes = 9_500
export const healthBytes = 450
/** A payload for the floor, as long as that. */
export const filled = (bytes: number) => ({ ok: true, server: { connId: '-' }, text: 'Nothing. '.repeat(bytes / 9) })
