import { definePlugin } from 'openclaw/plugin'
import { type Session, Sessions } from '../../plugins/contracts/sessions.js'

export const session = (key: string, more: Partial<Session> = {}): Session => ({
  key,
  agent: 'main',
  id: `id-of-${key}`,
  createdAt: 1_000,
  updatedAt: 2_000,
  settings: {},
  messages: 2,
  abortedLastRun: false,
  inputTokens: 10,
  outputTokens: 5,
  contextTokens: 15,
  ...more,
})

/** A plugin that provides the part of `Sessions` that looks and does not change: what `list` answers at the moment. */
export function memorySessions(list: () => readonly Session[], path = '/state/sessions.sqlite') {
  const of = (agent?: string) => list().filter((each) => agent === undefined || each.agent === agent)
  const sessions: Partial<Sessions> = {
    path,
    get: (key) => list().find((each) => each.key === key),
    list: ({ agent, limit } = {}) => of(agent).slice(0, limit),
    count: (agent) => of(agent).length,
  }
  return definePlugin({
    api: 1,
    name: 'sessions',
    provides: [Sessions],
    apply: (kernel) => kernel.provide(Sessions, sessions as Sessions),
  })
}
