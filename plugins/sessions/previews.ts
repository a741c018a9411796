import type { Entry, Session, Sessions } from '../contracts/sessions.js'
import { brief, textOf } from './view.js'

const mostKeys = 64
const mostItems = 100
const longestItem = 4_000
const titleChars = 60
const lastMessageChars = 160

type Preview =
  | { key: string; status: 'ok' | 'empty'; items: { role: string; text: string }[] }
  | { key: string; status: 'missing' | 'error'; items: [] }

const roles = { user: 'user', assistant: 'assistant', toolResult: 'tool' } as const

/** The newest words of some sessions; a key that is wrong does not hide the others. */
export function previewsOf(sessions: Sessions, { keys, limit, maxChars }: { keys: string[]; limit: number; maxChars: number }): Preview[] {
  const items = Math.min(limit, mostItems)
  const chars = Math.min(maxChars, longestItem)
  return keys.slice(0, mostKeys).map((key) => previewOf(sessions, key, items, chars))
}

function previewOf(sessions: Sessions, key: string, limit: number, maxChars: number): Preview {
  try {
    if (!sessions.get(key)) return { key, status: 'missing', items: [] }
    const items = sessions
      .messages(key, limit)
      .map(({ message }) => ({ role: roles[message.role], text: brief(textOf(message), maxChars) }))
      .filter(({ text }) => text !== '')
    return { key, status: items.length > 0 ? 'ok' : 'empty', items }
  } catch {
    return { key, status: 'error', items: [] }
  }
}

/** What a session is about and what was said last, as far as asked for. */
export function wordsOf(sessions: Sessions, { key, settings }: Session, wanted: { titles: boolean; last: boolean }) {
  const title = wanted.titles ? (settings.label ?? firstWords(sessions.messages(key, 1, 0)[0])) : undefined
  const last = wanted.last ? firstWords(sessions.messages(key, 1)[0], lastMessageChars) : undefined
  return { ...(title && { derivedTitle: title }), ...(last && { lastMessagePreview: last }) }
}

const firstWords = (entry: Entry | undefined, chars = titleChars) => entry && brief(textOf(entry.message), chars)
