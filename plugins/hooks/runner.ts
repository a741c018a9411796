import { createHash, randomUUID } from 'node:crypto'
import { type Handle, type Log, printable } from 'openclaw/plugin'
import type { Agent, Agents } from '../contracts/agents.js'
import type { Run, RunRequest, Runs, SystemEvents } from '../contracts/runs.js'
import type { AgentCall } from './agent-call.js'
import type { ClaimKey, Claims } from './claims.js'
import { bad } from './request.js'
import type { Settings } from './settings.js'
import { framed } from './untrusted.js'

export interface RunnerHost {
  readonly agents: Handle<Agents>
  readonly runs: Handle<Runs>
  readonly events: Handle<SystemEvents>
  readonly log: Log
}

/** A call whose agent may be named, and whose session may be used. */
export interface Placed {
  readonly call: AgentCall
  readonly agent: string
  /** Within the agent; undefined: one of its own. */
  readonly session: string | undefined
}

/** Decide agent and session by what they are in the end. Errors: 400 in the words of the wire. */
export function place(call: AgentCall, settings: Settings, { agents, log }: Pick<RunnerHost, 'agents' | 'log'>): Placed {
  const agent = agentOf(call, settings, agents.current, log)
  const { sessionKey } = call
  if (sessionKey?.from === 'sender' && !settings.allowRequestSessionKey)
    throw bad('sessionKey is disabled for external /hooks/agent payloads; set hooks.allowRequestSessionKey=true to enable')
  if (!sessionKey)
    return { call, agent: agent.id, session: settings.defaultSessionKey && withinAgent(settings.defaultSessionKey, agent.id) }
  const session = withinAgent(sessionKey.text, agent.id)
  // Who sends may fill in a key that the operator began, and begin none himself.
  const prefixes = settings.prefixes ?? (sessionKey.from === 'rendered' ? ['hook:'] : undefined)
  const spellings = [session, `agent:${agent.id}:${session}`].map((key) => key.toLowerCase())
  if (prefixes && !prefixes.some((prefix) => spellings.some((key) => key.startsWith(prefix))))
    throw bad(`sessionKey must start with one of: ${prefixes.join(', ')}`)
  return { call, agent: agent.id, session }
}

function agentOf({ agentId, hook }: AgentCall, settings: Settings, agents: Agents, log: Log): Agent {
  if (agentId === undefined) return agents.default
  const known = agents.get(agentId)
  const agent = known ?? agents.default
  if (!known) log.warn(`hook "${hook}" names the unknown agent "${printable(agentId, 64)}": ${agent.id} is meant`)
  if (settings.agents && !settings.agents.has(agent.id.toLowerCase())) throw bad('agentId is not allowed by hooks.allowedAgentIds')
  return agent
}

/** `agent:<id>:<rest>` is `rest` of that agent. */
function withinAgent(key: string, agent: string): string {
  const [, named, rest] = /^agent:([^:]*):(.*)$/is.exec(key) ?? []
  if (named === undefined || rest === undefined) return key
  if (named.toLowerCase() !== agent) throw bad(`sessionKey is of agent "${printable(named, 64)}", the run of agent "${agent}"`)
  return rest
}

/** Digest of all that a run is asked with. */
export const callDigest = ({ call, agent, session }: Placed): string =>
  createHash('sha256')
    .update(JSON.stringify([call, agent, session ?? null]))
    .digest('hex')

/** Starts runs, each once. */
export function createRunner(host: RunnerHost, claims: () => Claims) {
  /** Those that begin just now: who repeats one meanwhile waits for its id, and takes no place in its session. */
  const beginning = new Map<string, Promise<string>>()
  const begin = async (placed: Placed, key: ClaimKey | undefined, requestId: string): Promise<string> => {
    const { runId, begun } = key ? await claims().claim(key) : { runId: randomUUID(), begun: false }
    if (begun) return runId
    const started = await host.runs.current.start(requestOf(placed, runId, requestId))
    if (key) claims().begun(key)
    if (!('earlier' in started)) void summarise(started.run, placed.call, host.events)
    return runId
  }
  return {
    /**
     * The id of the run, which is on disk. With a key the same request is the same run, also over the death of the process.
     * Errors: `too_many_runs`, `shutting_down`, those of `Sessions` and of the store.
     */
    start(placed: Placed, key: ClaimKey | undefined, requestId: string): Promise<string> {
      if (!key) return begin(placed, key, requestId)
      const name = `${key.kind} ${key.key}`
      const known = beginning.get(name)
      if (known) return known
      const run = begin(placed, key, requestId).finally(() => beginning.delete(name))
      beginning.set(name, run)
      return run
    },
  }
}
export type Runner = ReturnType<typeof createRunner>

/** The main session hears how it ended: nothing delivers it anywhere else. */
async function summarise({ done }: Run, { name }: AgentCall, events: Handle<SystemEvents>) {
  const { status, text, error } = await done
  const about = status === 'ok' ? `Hook ${name}` : `Hook ${name} (${status})`
  events.current.add(`${about}: ${text.trim() || error?.message || status}`)
}

function requestOf({ call, agent, session }: Placed, runId: string, requestId: string): RunRequest {
  const { hook, message, unsafe, model, thinking, timeoutMs } = call
  const text = unsafe ? message : framed(message, hook)
  return {
    runId,
    kind: 'agent',
    agent,
    session: `agent:${agent}:${session ?? `hook:${runId}`}`,
    messages: [{ role: 'user', content: [{ type: 'text', text }], timestamp: Date.now() }],
    principal: { kind: 'user', id: `hook:${hook}`, scopes: ['operator.write'] },
    requestId,
    ...(model !== undefined && { model }),
    ...(thinking !== undefined && { thinking }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  }
}
