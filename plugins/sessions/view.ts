import type { Model, Models } from '../contracts/models.js'
import type { ContentBlock, Entry, Message, Session } from '../contracts/sessions.js'
import { restOfKey } from './keys.js'

/** A model as far as it is known: an id may outlive its provider's configuration. */
export interface NamedModel {
  readonly provider: string
  readonly id: string
  readonly contextWindow?: number
}

const named = ({ provider, id, contextWindow }: Model): NamedModel => ({
  provider,
  id,
  ...(contextWindow !== undefined && { contextWindow }),
})

/** What answers in a session: what was chosen for it, what answered last, or what its agent uses. */
export function modelOf({ settings, agent, provider, model }: Session, models: Models | undefined): NamedModel | undefined {
  if (settings.model !== undefined) return lookUp(settings.model, agent, models)
  if (provider !== undefined && model !== undefined) {
    const key = model.startsWith(`${provider}/`) ? model : `${provider}/${model}`
    return { ...lookUp(key, agent, models), provider, id: model }
  }
  return defaultModel(agent, models)
}

/** What answers when nothing was chosen; the default agent's when none is named. */
export function defaultModel(agent: string | undefined, models: Models | undefined): NamedModel | undefined {
  const primary = quietly(() => models?.primary(agent))
  return primary && named(primary)
}

function lookUp(key: string, agent: string, models: Models | undefined): NamedModel {
  const found = quietly(() => models?.find(key, agent))
  if (found) return named(found)
  const slash = key.indexOf('/')
  return { provider: slash < 0 ? '' : key.slice(0, slash), id: key.slice(slash + 1) }
}

/** A session may belong to an agent that is no longer configured. */
function quietly<T>(look: () => T | undefined): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

/** A session as clients list it. */
export function rowOf(session: Session, models: Models | undefined) {
  const { settings, startedAt, endedAt, origin } = session
  const { label, thinkingLevel, verboseLevel, reasoningLevel, elevatedLevel, sendPolicy, responseUsage, spawnedBy } = settings
  const model = modelOf(session, models)
  return present({
    key: session.key,
    kind: /^(?:.*:)?(?:group|channel):/i.test(restOfKey(session.key)) ? 'group' : 'direct',
    label,
    spawnedBy,
    parentSessionKey: spawnedBy,
    origin: origin === undefined ? undefined : { surface: origin },
    updatedAt: session.updatedAt,
    sessionId: session.id,
    abortedLastRun: session.abortedLastRun,
    thinkingLevel,
    verboseLevel,
    reasoningLevel,
    elevatedLevel,
    sendPolicy,
    responseUsage,
    inputTokens: session.inputTokens,
    outputTokens: session.outputTokens,
    totalTokens: session.contextTokens > 0 ? session.contextTokens : undefined,
    totalTokensFresh: session.contextTokens > 0,
    status: session.status,
    startedAt,
    endedAt,
    runtimeMs: startedAt !== undefined && endedAt !== undefined ? Math.max(0, endedAt - startedAt) : undefined,
    modelProvider: model?.provider,
    model: model?.id,
    contextTokens: model?.contextWindow,
  })
}

/** What `sessions.patch` and `sessions.reset` call the entry. */
export function entryOf({ id, createdAt, updatedAt, settings, abortedLastRun, inputTokens, outputTokens }: Session) {
  return { sessionId: id, createdAt, updatedAt, abortedLastRun, inputTokens, outputTokens, ...settings }
}

/** Without the members that are undefined: they are not sent. */
function present<T extends Record<string, unknown>>(row: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  for (const name in row) if (row[name] === undefined) delete row[name]
  return row as { [Name in keyof T]?: Exclude<T[Name], undefined> }
}

/** A message as clients read it, with where it is. */
export const shownMessage = ({ id, seq, message }: Entry) => ({ ...message, __openclaw: { id, seq } })

/** What a message says in words. */
export function textOf({ content }: Message): string {
  return content
    .map((block: ContentBlock) => (block.type === 'text' ? block.text : ''))
    .filter((text) => text !== '')
    .join('\n')
}

/** One line of at most `limit` characters. */
export function brief(text: string, limit: number): string {
  const line = text
    .slice(0, limit * 4)
    .replace(/\s+/g, ' ')
    .trim()
  return line.length > limit ? `${line.slice(0, limit - 1).trimEnd()}…` : line
}
