import type { Models } from '../contracts/models.js'
import type { Session } from '../contracts/sessions.js'

/** A session as the method `status` lists it. */
export function sessionRow(session: Session, models: Models | undefined, now: number) {
  const { key, agent, id, updatedAt, settings, messages, abortedLastRun, inputTokens, outputTokens, contextTokens: used } = session
  const answered = session.provider === undefined ? undefined : models?.find(`${session.provider}/${session.model}`, agent)
  const model = answered ?? models?.primary(agent)
  const window = model?.contextWindow ?? null
  const { thinkingLevel, verboseLevel } = settings
  return {
    agentId: agent,
    key,
    kind: /:(group|channel):/.test(key) ? 'group' : 'direct',
    sessionId: id,
    updatedAt,
    age: Math.max(0, now - updatedAt),
    systemSent: messages > 0,
    abortedLastRun,
    ...(thinkingLevel !== undefined && { thinkingLevel }),
    ...(verboseLevel !== undefined && { verboseLevel }),
    inputTokens,
    outputTokens,
    cacheRead: 0,
    cacheWrite: 0,
    totalTokens: used > 0 ? used : null,
    totalTokensFresh: used > 0,
    remainingTokens: used > 0 && window !== null ? Math.max(0, window - used) : null,
    percentUsed: used > 0 && window ? Math.min(999, Math.round((used / window) * 100)) : null,
    model: session.model ?? model?.id ?? null,
    contextTokens: window,
    flags: flagsOf(session),
  }
}

function flagsOf({ settings, abortedLastRun, id }: Session): string[] {
  const { thinkingLevel, verboseLevel, reasoningLevel, elevatedLevel, fastMode } = settings
  const levels = { think: thinkingLevel, verbose: verboseLevel, reasoning: reasoningLevel, elevated: elevatedLevel }
  return [
    ...Object.entries(levels).flatMap(([name, level]) => (level === undefined ? [] : [`${name}:${level}`])),
    ...(fastMode ? ['fast'] : []),
    ...(abortedLastRun ? ['aborted'] : []),
    `id:${id}`,
  ]
}
