import { GatewayError } from 'openclaw/plugin'
import type { Agent } from '../contracts/agents.js'
import { type Cancellation, consume, orAborted } from '../contracts/cancellation.js'
import {
  callContext,
  type ChatEvent,
  type ChatMessage,
  type ChatRequest,
  isTransient,
  type Model,
  type ModelRoute,
} from '../contracts/models.js'
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
  hear(batch: readonly ChatEvent[], model: Model): Promise<unknown> | undefined
  /** Nothing was said yet. */
  silent(): boolean
  /** The provider is closed. */
  abort(): void
}

type Target = Pick<ModelRoute, 'model' | 'provider'>

/** Ask the agent's models, one after the other as long as they fail without a word. Rejects with the last one's error, or the abort's. */
export async function converse(conversation: Conversation): Promise<void> {
  const { host, request, agent, session } = conversation
  const override = request.model ?? session?.settings.model
  const route = host.models.route({ agent: agent.id, override, kind: 'chat' })
  const system = [await orAborted(host.agents.prompt(agent.id), conversation.cancellation), request.extraSystemPrompt]
    .filter(Boolean)
    .join('\n\n')
  const entries = pastOf(conversation)
  const targets = [route, ...route.fallbacks]
  for (const target of targets) {
    try {
      return await ask(target, system, entries, conversation)
    } catch (error) {
      const last = target === targets.at(-1)
      if (last || conversation.cancellation.aborted || !isTransient(error) || !conversation.silent()) throw error
      host.log.warn(`model "${target.model.key}" failed, trying the next one: ${error.message}`, {
        requestId: request.requestId,
        code: error.code,
      })
    }
  }
}

function pastOf({ host, request, session, without }: Conversation): Entry[] {
  if (!session || request.context?.transcript === false) return []
  return host.sessions.messages(session.key, maxEntries).filter(({ id }) => !without.has(id))
}

async function ask({ model, provider }: Target, system: string, entries: readonly Entry[], conversation: Conversation): Promise<void> {
  const { host, request, agent, session, cancellation, hear } = conversation
  if (!provider.chat)
    throw new GatewayError('unsupported_model_for_endpoint', `The model '${model.key}' does not chat.`, { param: 'model' })
  conversation.begin(model)
  const messages = contextOf({ system, entries, turn: turnOf(conversation, model), model, contextTokens: agent.contextTokens })
  const effort = effortOf(request.thinking) ?? effortOf(session?.settings.thinkingLevel)
  const body: ChatRequest = { ...(effort && { reasoningEffort: effort }), ...request.options, messages, stream: true }
  const release = host.hold(provider, conversation.abort)
  try {
    await consume(provider.chat(model.id, body, callContext(cancellation, request.requestId)), cancellation, (batch) => hear(batch, model))
  } finally {
    release()
  }
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
