import { createHash, randomUUID } from 'node:crypto'

const longestUser = 200
const digestOf = (text: string) => createHash('sha256').update(text).digest('hex')

/** The session of a request. `stable`: later requests come back to it. */
export function sessionKey(agent: string, session: string | undefined, user: string | undefined): { key: string; stable: boolean } {
  if (session !== undefined) return { key: /^agent:/i.test(session) ? session : `agent:${agent}:${session}`, stable: true }
  const name = user?.trim()
  if (!name) return { key: `agent:${agent}:openai:${randomUUID()}`, stable: false }
  return { key: `agent:${agent}:openai-user:${partOf(name)}`, stable: true }
}

/** Two users whose names differ in case alone are two, and so are those whose names cannot be part of a key. */
function partOf(name: string): string {
  if (name.length > longestUser || /[\p{Cc}\p{Surrogate}]/u.test(name)) return digestOf(name)
  const lower = name.toLowerCase()
  return lower === name ? name : `${lower}-${digestOf(name).slice(0, 12)}`
}
