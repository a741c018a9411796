import { covers, GatewayError } from 'openclaw/plugin'
import { type Client, refusal } from '../contracts/methods.js'
import type { Models } from '../contracts/models.js'
import type { Runs } from '../contracts/runs.js'
import type { Sessions } from '../contracts/sessions.js'
import { abortChats } from './abort.js'

export interface Surroundings {
  readonly runs: Runs
  readonly sessions: Sessions
  readonly models: Models
}
export interface Place {
  readonly agent: string
  /** Canonical key. */
  readonly session: string
  readonly client: Client
}

/** Does what the words after the command's name say, and answers what people read. */
export interface Command {
  run(rest: string, place: Place, around: Surroundings): Promise<string>
  /** Words after it are a message of their own. */
  readonly message?: boolean
  /** Refuse before anything is done. */
  check?(rest: string, client: Client): void
}

const renew = (reason: 'new' | 'reset'): Command => ({
  message: true,
  async run(_rest, { session, client }, { runs, sessions }) {
    // Others' runs go on; they end in the transcript that they belong to.
    await abortChats(runs, { session, client, reason: 'stop' }).catch(ignoreRefusal)
    await sessions.reset(session, reason)
    return 'A new session has begun.'
  },
})

const model: Command = {
  check(ref, client) {
    if (ref !== '' && !covers(client.scopes, 'operator.admin')) throw refusal('INVALID_REQUEST', 'missing scope: operator.admin')
  },
  async run(ref, { agent, session }, { sessions, models }) {
    if (ref === '') return `Model: ${modelOf(agent, session, sessions, models)}.`
    if (ref.toLowerCase() === 'default') {
      await sessions.patch(session, { model: null })
      return `Back to the agent's model: ${modelOf(agent, session, sessions, models)}.`
    }
    try {
      const { key } = models.route({ agent, override: ref, kind: 'chat' }).model
      await sessions.patch(session, { model: key })
      return `Model set to ${key}.`
    } catch (error) {
      if (error instanceof GatewayError && error.plugin === undefined) return error.message
      throw error
    }
  },
}

const status: Command = {
  async run(_rest, { agent, session }, { sessions, models, runs }) {
    const known = sessions.get(session)
    const busy = [...runs.active()].filter((run) => run.sessionKey === session).length
    return [
      `Session: ${session}`,
      `Agent: ${agent}`,
      `Model: ${modelOf(agent, session, sessions, models)}`,
      `Thinking: ${known?.settings.thinkingLevel ?? 'off'}`,
      `Messages: ${known?.messages ?? 0}`,
      `Tokens: ${known?.inputTokens ?? 0} in, ${known?.outputTokens ?? 0} out, context ${known?.contextTokens ?? 0}`,
      `Runs in progress: ${busy}`,
    ].join('\n')
  },
}

const modelOf = (agent: string, session: string, sessions: Sessions, models: Models) =>
  sessions.get(session)?.settings.model ?? models.primary(agent)?.key ?? 'none configured'

function ignoreRefusal(error: unknown) {
  if (!(error instanceof GatewayError) || error.code !== 'INVALID_REQUEST') throw error
}

const commands: Readonly<Record<string, Command>> = { new: renew('new'), reset: renew('reset'), model, status }

/** A command and what follows it; undefined for any other text, which the model gets. */
export function parseCommand(text: string): { command: Command; rest: string } | undefined {
  const [, name = '', rest = ''] = /^\/([a-z]+)(?:\s+([\s\S]*))?$/i.exec(text) ?? []
  const key = name.toLowerCase()
  return Object.hasOwn(commands, key) ? { command: commands[key] as Command, rest: rest.trim() } : undefined
}
