import type { Message, Sessions, TurnEnd, TurnStart } from '../../plugins/contracts/sessions.js'

export const userSays = (text: string): Message => ({ role: 'user', content: [{ type: 'text', text }], timestamp: 1_700_000_000_000 })

export const assistantSays = (text: string): Message => ({
  role: 'assistant',
  content: [{ type: 'text', text }],
  timestamp: 1_700_000_000_001,
  api: 'openai-completions',
  provider: 'fake',
  model: 'one',
  usage: { input: 3, output: 2, cacheRead: 0, cacheWrite: 0, totalTokens: 5, cost: { total: 0 } },
  stopReason: 'stop',
})

/** A turn of the user under a key of `chat.send`. */
export const turn = (key: string, text: string, more: Partial<TurnStart> = {}): TurnStart => ({
  key: `chat:${key}`,
  runId: key,
  session: 'main',
  agent: 'main',
  origin: 'chat',
  messages: [userSays(text)],
  ...more,
})

/** Its end. */
export const answer = (key: string, sessionId: string, text: string, more: Partial<TurnEnd> = {}): TurnEnd => ({
  key: `chat:${key}`,
  runId: key,
  sessionKey: 'agent:main:main',
  sessionId,
  status: 'ok',
  messages: [assistantSays(text)],
  result: { text },
  model: { provider: 'fake', id: 'one' },
  usage: { promptTokens: 3, completionTokens: 2, totalTokens: 5 },
  ...more,
})

/** Begin and finish a turn. Answers the id of the session's transcript. */
export async function wholeTurn(sessions: Sessions, key: string, ask: string, reply: string, session = 'main'): Promise<string> {
  const begun = await sessions.begin(turn(key, ask, { session }))
  if ('earlier' in begun) throw new Error(`${key} was used before`)
  const { id, key: sessionKey } = begun.session
  await sessions.finish(answer(key, id, reply, { sessionKey }))
  return id
}

/** What a session's messages say, in order. */
export const wordsIn = (sessions: Sessions, key: string): string[] =>
  sessions.messages(key, 100_000).map(({ message }) => message.content.map((block) => (block.type === 'text' ? block.text : '')).join(''))
