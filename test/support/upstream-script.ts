/** What the fake upstream does with one request. An empty reply is a short text. */
export interface Reply {
  /** Anything but 200 answers `error` as JSON. */
  status?: number
  headers?: Record<string, string>
  error?: { message?: string; type?: string; code?: string | null; param?: string | null }
  text?: string
  /** Deltas that `text` is cut into when streamed; default 4. */
  chunks?: number
  reasoning?: string
  refusal?: string
  toolCalls?: { id?: string; name: string; arguments: string }[]
  /** `null`: no finish_reason at all. */
  finish?: string | null
  /** `false`: a stream ends without `[DONE]`. */
  done?: boolean
  /** `null`: none, even if asked for. */
  usage?: Record<string, unknown> | null
  logprobs?: unknown
  /** Wait before the headers, and between chunks. */
  delayMs?: number
  chunkDelayMs?: number
  /** Never send headers, or nothing after the first chunk. */
  hang?: 'headers' | 'body'
  /** Destroy the socket before the headers, or after so many chunks. */
  resetAfter?: 'request' | number
  /** Streams text until the client goes away. */
  endless?: boolean
  /** The whole body as it is, with a 200. */
  raw?: string
  /** Sends `raw` in writes of so many bytes. */
  pieceBytes?: number
  contentType?: string
}

export interface UpstreamRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: any
  readonly receivedAt: number
  /** When its socket closed before the answer was complete, by `performance.now()`. */
  closedAt?: number
  /** Bytes of the answer handed to the socket. */
  bytesWritten: number
}

const lastMessage = (body: any) => body?.messages?.at(-1)
const textOf = (content: unknown): string =>
  typeof content === 'string' ? content : Array.isArray(content) ? content.map((part) => part.text ?? '').join('') : ''
const imagesIn = (body: any): number =>
  (body?.messages ?? [])
    .flatMap((message: any) => (Array.isArray(message.content) ? message.content : []))
    .filter((part: any) => part.type === 'image_url').length

/** The smallest value that fits a JSON Schema. */
export function sampleOf(schema: any): unknown {
  if (schema?.const !== undefined) return schema.const
  if (schema?.enum) return schema.enum[0]
  if (schema?.anyOf) return sampleOf(schema.anyOf[0])
  const type = Array.isArray(schema?.type) ? schema.type[0] : schema?.type
  if (type === 'string') return 'text'
  if (type === 'number' || type === 'integer') return 1
  if (type === 'boolean') return true
  if (type === 'null') return null
  if (type === 'array') return schema.items ? [sampleOf(schema.items)] : []
  return Object.fromEntries(Object.entries(schema?.properties ?? {}).map(([key, value]) => [key, sampleOf(value)]))
}

function callTools(body: any, count: number): Reply {
  const last = lastMessage(body)
  if (last?.role === 'tool') return { text: `The tool says: ${textOf(last.content)}` }
  if (!body.tools || body.tool_choice === 'none') return { text: 'No tools were offered.' }
  const pinned = body.tool_choice?.function?.name
  const offered = pinned ? body.tools.filter((tool: any) => tool.function.name === pinned) : body.tools
  const toolCalls = Array.from({ length: count }, (_, i) => {
    const tool = offered[i % offered.length].function
    return { id: `call_${i + 1}`, name: tool.name, arguments: JSON.stringify(sampleOf(tool.parameters)) }
  })
  return { toolCalls }
}

const rateLimit = { message: 'Rate limit reached', type: 'requests', code: 'rate_limit_exceeded' }
/** What each model id does. `status-<n>` answers with that status; any other id repeats the last message. */
const models: Record<string, (request: UpstreamRequest) => Reply> = {
  tools: ({ body }) => callTools(body, 1),
  'parallel-tools': ({ body }) => callTools(body, 2),
  vision: ({ body }) => ({ text: `Images seen: ${imagesIn(body)}` }),
  thinker: () => ({ reasoning: 'Let me think.', text: 'Thought.' }),
  slow: () => ({ text: 'slow', delayMs: 300, chunkDelayMs: 100 }),
  hang: () => ({ hang: 'headers' }),
  stall: () => ({ hang: 'body' }),
  'rate-limited': () => ({ status: 429, headers: { 'retry-after': '30' }, error: rateLimit }),
  overloaded: () => ({ status: 503, headers: { 'retry-after': '7' }, error: { message: 'Overloaded' } }),
  reset: () => ({ resetAfter: 'request' }),
  cut: () => ({ text: 'This answer is cut off in the middle.', resetAfter: 2 }),
  truncated: () => ({ text: 'This answer just stops.', finish: null, done: false }),
  'no-finish': () => ({ text: 'Done without a reason.', finish: null }),
  filtered: () => ({ text: 'I', finish: 'content_filter' }),
  long: () => ({ text: 'and so on', finish: 'length' }),
  'bad-json': ({ body }) => ({
    raw: body.stream ? 'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\ndata: {broken\n\n' : '{broken',
  }),
  'bad-key': ({ headers }) => ({
    status: 401,
    error: { message: `Incorrect API key provided: ${headers['authorization']}`, code: 'invalid_api_key' },
  }),
  'echo-key': ({ headers }) => ({
    status: 400,
    error: { message: `Bad request with ${headers['authorization']} at http://${headers['host']}/v1/chat` },
  }),
  overflow: () => ({
    status: 400,
    error: {
      message: "This model's maximum context length is 8 tokens.",
      param: 'messages',
      code: 'context_length_exceeded',
    },
  }),
  endless: () => ({ endless: true }),
}
/** Ids that the upstream lists by itself. */
export const scriptedModels = [...Object.keys(models), 'echo', 'text-embedding']

/** The default behaviour of a chat request, by its model id. */
export function scripted(request: UpstreamRequest): Reply {
  const { body } = request
  const status = /^status-(\d{3})$/.exec(body.model)
  if (status) return { status: Number(status[1]) }
  const reply = models[body.model]
  if (reply) return reply(request)
  const format = body.response_format
  if (format?.type === 'json_schema') return { text: JSON.stringify(sampleOf(format.json_schema.schema)) }
  if (format?.type === 'json_object') return { text: '{"ok":true}' }
  return { text: `You said: ${textOf(lastMessage(body)?.content)}` }
}
