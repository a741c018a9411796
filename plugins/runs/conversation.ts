import type { Agent } from '../contracts/agents.js'
import { type Cancellation, consume, orAborted } from '../contracts/cancellation.js'
import type { Answering, ChatEvent, ChatMessage, ChatRequest, Model } from '../contracts/models.js'
import type { RunRequest } from '../contracts/runs.js'
import type { Entry, Session } from '../contracts/sessions.js'
import { contextOf, toChat } from './context.js'
import type { Host } from './host.js'

/** Messages of a transcript that are looked at. */
const maxEntries = 500

export interface Conversation {
  readonly host: Host
  readonly request: RunRequest
  /** Images that came with it included. */
  readonly messages: RunRequest['messages']
  readonly agent: Agent
  readonly session: Session | undefined
  /** Entries of the transcript that are not of the past: this turn's, and those of turns that wait. */
  readonly without: ReadonlySet<string>
  /** What the turn is told of besides, line by line. */
  readonly notes: readonly string[]
  readonly cancellation: Cancellation
  /** A model is asked. */
  begin(model: Model): void
  hear(batch: readonly ChatEvent[], by: Answering): Promise<unknown> | undefined
  /** Nothing was said yet. */
  silent(): boolean
  /** The provider is closed. */
  abort(): void
}

/** Ask the agent's models, one after the other as long as they fail without a word. Rejects with the last one's error, or the abort's. */
export async function converse(conversation: Conversation): Promise<void> {
  const { host, request, agent, session, cancellation } = conversation
  const { principal, requestId } = request
  const override = request.model ?? session?.settings.model
  const route = host.models.route({ agent: agent.id, override, kind: 'chat', principal })
  const system = [await orAborted(host.agents.prompt(agent.id), cancellation), request.extraSystemPrompt].filter(Boolean).join('\n\n')
  const entries = pastOf(conversation)
  let answering!: Answering
  await consume(
    host.models.chat({
      route,
      request: (model) => requestFor(model, system, entries, conversation),
      principal,
      cancellation,
      requestId,
      committed: () => !conversation.silent() || request.committed?.() === true,
      trying: ({ model, provider }) => {
        conversation.begin(model)
        request.onModel?.(model)
        return host.hold(provider, conversation.abort)
      },
    }),
    cancellation,
    (batch) => conversation.hear(batch, answering),
    (opened) => (answering = opened),
  )
}

function pastOf({ host, request, session, without }: Conversation): Entry[] {
  if (!session || request.context?.transcript === false) return []
  return host.sessions.messages(session.key, maxEntries).filter(({ id }) => !without.has(id))
}

function requestFor(model: Model, system: string, entries: readonly Entry[], conversation: Conversation): ChatRequest {
  const { request, agent, session } = conversation
  const messages = contextOf({ system, entries, turn: turnOf(conversation, model), model, contextTokens: agent.contextTokens })
  const effort = effortOf(request.thinking) ?? effortOf(session?.settings.thinkingLevel)
  return { ...(effort && { reasoningEffort: effort }), ...request.options, messages, stream: true }
}

const efforts = ['minimal', 'low', 'medium', 'high', 'xhigh'] as const
/** `off` and `adaptive` leave it to the model. */
const effortOf = (level: string | undefined) => efforts.find((effort) => effort === level)

/** The turn as the model sees it, with the notes before the user's words. */
function turnOf({ request, messages, notes }: Conversation, model: Model): ChatMessage[] {
  const takesImages = model.input === undefined || model.input.includes('image')
  const turn = [...(request.context?.messages ?? messages.flatMap((message) => toChat(message, () => takesImages) ?? []))]
  const at = turn.findLastIndex(({ role }) => role === 'user')
  const user = turn[at]
  if (notes.length === 0 || user?.role !== 'user') return turn
  const note = `[System note, not from the user]\n${notes.map((line) => `- ${line}`).join('\n')}`
  turn[at] =
    typeof user.content === 'string'
      ? { ...user, content: `${note}\n\n${user.content}` }
      : { ...user, content: [{ type: 'text', text: note }, ...user.content] }
  return turn
}
