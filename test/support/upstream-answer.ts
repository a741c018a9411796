import { createHash } from 'node:crypto'
import type { Reply } from './upstream-script.js'

const usageOf = (body: any, reply: Reply) =>
  reply.usage ?? {
    prompt_tokens: JSON.stringify(body.messages).length >> 2,
    completion_tokens: 7,
    total_tokens: (JSON.stringify(body.messages).length >> 2) + 7,
    prompt_tokens_details: { cached_tokens: 2 },
    completion_tokens_details: { reasoning_tokens: 3 },
  }
const finishOf = (reply: Reply) => (reply.finish !== undefined ? reply.finish : reply.toolCalls ? 'tool_calls' : 'stop')
const base = (body: any, object: string) => ({
  id: 'chatcmpl-upstream',
  object,
  created: 1_700_000_000,
  model: body.model,
})

/** One server-sent event. */
export const frame = (chunk: unknown) => `data: ${JSON.stringify(chunk)}\n\n`

/** The whole answer as one object. */
export function chatCompletion(body: any, reply: Reply) {
  const message = {
    role: 'assistant',
    content: reply.text ?? null,
    refusal: reply.refusal ?? null,
    ...(reply.reasoning !== undefined && { reasoning_content: reply.reasoning }),
    ...(reply.toolCalls && {
      tool_calls: reply.toolCalls.map((call, i) => ({
        id: call.id ?? `call_${i + 1}`,
        type: 'function',
        function: { name: call.name, arguments: call.arguments },
      })),
    }),
  }
  return {
    ...base(body, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: reply.logprobs ?? null, finish_reason: finishOf(reply) }],
    ...(reply.usage !== null && { usage: usageOf(body, reply) }),
  }
}

/** Cut at code points into so many pieces. */
function cut(text: string, pieces: number): string[] {
  const points = [...text]
  const size = Math.max(1, Math.ceil(points.length / pieces))
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => points.slice(i * size, (i + 1) * size).join(''))
}

/** The answer as a stream of chunks, in the vendor's order. */
export function* chatChunks(body: any, reply: Reply): Generator<unknown> {
  const chunk = (delta: unknown, finish: string | null = null, logprobs: unknown = null) => ({
    ...base(body, 'chat.completion.chunk'),
    choices: [{ index: 0, delta, logprobs, finish_reason: finish }],
  })
  yield chunk({ role: 'assistant', content: '' })
  for (const piece of cut(reply.reasoning ?? '', 2)) yield chunk({ reasoning_content: piece })
  while (reply.endless) yield chunk({ content: 'An endless answer, piece by piece. ' })
  for (const piece of cut(reply.text ?? '', reply.chunks ?? 4)) yield chunk({ content: piece }, null, reply.logprobs ?? null)
  for (const piece of cut(reply.refusal ?? '', 2)) yield chunk({ refusal: piece })
  for (const [index, call] of (reply.toolCalls ?? []).entries()) {
    const head = { index, id: call.id ?? `call_${index + 1}`, type: 'function' }
    yield chunk({ tool_calls: [{ ...head, function: { name: call.name, arguments: '' } }] })
    for (const piece of cut(call.arguments, 2)) yield chunk({ tool_calls: [{ index, function: { arguments: piece } }] })
  }
  const finish = finishOf(reply)
  if (finish !== null) yield chunk({}, finish)
  if (reply.usage !== null && body.stream_options?.include_usage)
    yield { ...base(body, 'chat.completion.chunk'), choices: [], usage: usageOf(body, reply) }
}

/** Vectors of unit length made from a digest of the input: equal texts get equal vectors. */
export function embeddings(body: any) {
  const single = typeof body.input === 'string' || typeof body.input[0] === 'number'
  const inputs: unknown[] = single ? [body.input] : body.input
  const length = body.dimensions ?? 8
  const data = inputs.map((input, index) => {
    const digest = createHash('sha256').update(JSON.stringify(input)).digest()
    const raw = Float32Array.from({ length }, (_, i) => ((digest[i % 32] as number) - 127.5) / 128)
    const norm = Math.hypot(...raw)
    const vector = raw.map((value) => value / norm)
    const embedding = body.encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector]
    return { object: 'embedding', index, embedding }
  })
  const tokens = inputs.length * 3
  return { object: 'list', data, model: body.model, usage: { prompt_tokens: tokens, total_tokens: tokens } }
}
