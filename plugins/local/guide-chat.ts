import type { CallContext, ChatEvent, ChatRequest } from '../contracts/models.js'
import { estimatedUsage, textOf } from './messages.js'
import type { WorkerHost } from './worker-host.js'

/** More of a question is not looked at. */
const longestQuestion = 2_000

/** Answer the last message of the user from the manual; tools and sampling mean nothing to it. */
export async function chatWithGuide(
  ask: WorkerHost['ask'],
  { messages, stream }: ChatRequest,
  { cancellation }: CallContext,
): Promise<AsyncIterable<readonly ChatEvent[]>> {
  const said = messages.filter(({ role }) => role === 'user').map((message) => textOf(message).slice(0, longestQuestion))
  const answer = await ask({ kind: 'guide', question: said.at(-1) ?? '', earlier: said.at(-2) }, cancellation)
  const end: ChatEvent[] = [
    { type: 'finish', reason: 'stop' },
    { type: 'usage', usage: estimatedUsage(messages, answer) },
  ]
  return inBatches(stream ? (answer.match(/[^\n]*\n+|[^\n]+$/g) ?? []) : [answer], end)
}

async function* inBatches(texts: readonly string[], end: readonly ChatEvent[]): AsyncGenerator<readonly ChatEvent[]> {
  for (const text of texts) yield [{ type: 'text', text }]
  yield end
}
