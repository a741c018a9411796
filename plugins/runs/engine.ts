import { GatewayError, sleep } from 'openclaw/plugin'
import type { Cancellation } from '../contracts/cancellation.js'
import type { Run, RunOutcome, RunRequest, Runs } from '../contracts/runs.js'
import { withImages } from './attachments.js'
import type { Host } from './host.js'
import { Lane } from './lane.js'
import { Slots } from './slots.js'
import { EventLines } from './system-events.js'
import { Turn, type Turns } from './turn.js'
import { Waiters } from './waiters.js'

/** Sessions of one key, device or user that run at once. The operator's are bounded by the whole alone. */
const perOwner = 16
/** Time before the drain deadline that aborted runs have to be written down. */
const lastWordsMs = 500

const closing = () => new GatewayError('shutting_down', 'The gateway is shutting down.', { retryAfterS: 5 })

/** Every run of a gateway. It outlives the scopes of its plugin: each brings its host, and runs go on with the newest. */
export class Engine implements Turns {
  readonly lines = new EventLines()
  readonly waiters = new Waiters()
  readonly #slots = new Slots()
  readonly #lanes = new Map<string, Lane>()
  readonly #inLane = new WeakMap<Turn, Lane>()
  readonly #turns = new Map<string, Turn>()
  readonly #hosts = new Set<Host>()
  #draining = false

  async start(request: RunRequest, from: Host): ReturnType<Runs['start']> {
    if (this.#draining) throw closing()
    const { runId, kind, agent, cancellation } = request
    const session = sessionOf(request, from)
    const messages = withImages(request.messages, request.attachments)
    const key = kind === 'http' ? undefined : `${kind}:${runId}`
    const lane = this.#laneOf(session, request, from)
    let accepted = false
    try {
      await lane.enter(cancellation)
      if (cancellation?.aborted) throw cancellation.reason
      if (this.#draining) throw closing()
      const begun = await this.hostFor(from).sessions.begin({
        ...(key !== undefined && { key }),
        runId,
        session,
        agent,
        origin: kind,
        messages,
      })
      if ('earlier' in begun) {
        const run = this.find(kind, runId)
        return { earlier: begun.earlier, ...(run && { run }) }
      }
      const turn = new Turn(request, messages, key, begun, from, this)
      accepted = true
      this.#accept(turn, lane, cancellation)
      return { run: turn }
    } finally {
      if (!accepted) lane.leave()
    }
  }

  #laneOf(session: string, { principal: { kind, id } }: RunRequest, { agents }: Host): Lane {
    const known = this.#lanes.get(session)
    if (known) return known
    const total = agents.maxConcurrent
    const limits = { total, perOwner: kind === 'operator' ? total : Math.min(perOwner, total) }
    const lane = new Lane(this.#slots, `${kind}:${id}`, limits, () => void this.#lanes.delete(session))
    this.#lanes.set(session, lane)
    return lane
  }

  #accept(turn: Turn, lane: Lane, cancellation: Cancellation | undefined) {
    this.#turns.set(nameOf(turn.kind, turn.runId), turn)
    this.#inLane.set(turn, lane)
    const unwatch = cancellation?.onAbort((reason) => turn.abort(codeOf(reason) === 'upstream_timeout' ? 'timeout' : 'client'))
    if (unwatch) void turn.done.then(unwatch)
    lane.add(turn)
    // The last scope may have closed while the message was written.
    if (this.#hosts.size === 0) turn.abort('shutdown')
  }

  active(): Iterable<Run> {
    return this.#turns.values()
  }

  find(kind: Run['kind'], runId: string): Turn | undefined {
    return this.#turns.get(nameOf(kind, runId))
  }

  waiting(turn: Turn): Iterable<string> {
    return [...(this.#inLane.get(turn)?.waiting() ?? [])].flatMap(({ entries }) => entries)
  }

  ended(turn: Turn, outcome: RunOutcome) {
    this.#turns.delete(nameOf(turn.kind, turn.runId))
    this.#inLane.get(turn)?.remove(turn)
    this.waiters.tell(turn.runId, outcome)
  }

  hostFor(host: Host): Host {
    return this.#hosts.has(host) ? host : ([...this.#hosts].at(-1) ?? host)
  }

  /** A scope of the plugin began. */
  join(host: Host) {
    this.#hosts.add(host)
    this.#draining = false
  }

  /** A scope retires. Its runs go on if there is another; else they have until shortly before the deadline, then they are aborted. */
  async drain(host: Host, signal: AbortSignal, deadlineMs: number) {
    const alone = () => this.#hosts.size === 1 && this.#hosts.has(host)
    this.#draining = alone()
    if (this.#draining) this.#slots.refuse(closing())
    const until = performance.now() + deadlineMs - lastWordsMs
    while (alone() && this.#turns.size > 0 && !signal.aborted && performance.now() < until) await sleep(25, signal)
    if (alone()) await this.#abortAll()
  }

  /** A scope is gone. */
  async leave(host: Host) {
    this.#hosts.delete(host)
    if (this.#hosts.size === 0) await this.#abortAll()
  }

  async #abortAll() {
    const turns = [...this.#turns.values()]
    for (const turn of turns) turn.abort('shutdown')
    await Promise.all(turns.map(({ done }) => done))
  }
}

const nameOf = (kind: Run['kind'], runId: string) => `${kind}:${runId}`
const codeOf = (reason: unknown) => (reason instanceof GatewayError ? reason.code : undefined)

/** The canonical key of the session. Errors: `agent_not_found`, `invalid_value`, those of `Sessions`. */
function sessionOf({ agent, session }: RunRequest, { agents, sessions }: Host): string {
  if (!agents.get(agent)) throw new GatewayError('agent_not_found', `Unknown agent '${agent}'.`)
  const key = sessions.canonical(session)
  const owner = key.split(':')[1]
  if (owner !== agent) throw new GatewayError('invalid_value', `agent "${agent}" does not match session key agent "${owner}"`)
  return key
}
