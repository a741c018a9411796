import { GatewayError, type Log, printable } from 'openclaw/plugin'
import { type Cancellation, Canceller } from '../contracts/cancellation.js'
import type { Egress, EgressRequest, EgressResponse } from '../contracts/egress.js'
import { Slots } from '../contracts/slots.js'
import { codeOf, faultOf, refused, timedOut } from './faults.js'
import { type Network, systemNetwork } from './network.js'
import type { Config } from './schema.js'
import { parseTarget } from './target.js'
import { judge, type Policy } from './verdict.js'

const defaultMaxBytes = 20_971_520
const defaultTimeoutMs = 10_000
const defaultMaxRedirects = 3

export interface EgressOptions extends Omit<Config, 'allow'> {
  /** Places as `placeOf` writes them. */
  readonly allowed: ReadonlySet<string>
  readonly log: Log
  /** Default: the system's. */
  readonly network?: Network
}

/** `close` ends what is being fetched. */
export function createEgress(options: EgressOptions): Egress & { close(): void } {
  const { allowed, connectMs, maxConcurrent, maxQueued, log, network = systemNetwork(maxConcurrent) } = options
  const slots = new Slots('Too many URLs are being fetched.')
  const policy: Policy = { network, allowed, connectMs }
  const open = new Set<Canceller>()
  let closed = false
  return {
    async fetch(request, cancellation) {
      if (closed) throw shuttingDown()
      const beganMs = performance.now()
      const trip = new Trip(request)
      const work = new Canceller()
      const unwatch = cancellation.onAbort((reason) => work.abort(reason))
      const timer = setTimeout(() => work.abort(timedOut()), request.timeoutMs ?? defaultTimeoutMs)
      open.add(work)
      try {
        trip.begin()
        await slots.take(maxConcurrent, maxQueued, work)
        const answer = await trip.follow(policy, options, work).finally(() => slots.release(maxConcurrent))
        log.debug('A URL was fetched.', { host: trip.host, status: answer.status, bytes: answer.body.length, ms: since(beganMs) })
        return answer
      } catch (error) {
        const fault = work.aborted ? work.reason : faultOf(error)
        const cause = fault === error ? {} : { cause: codeOf(error) }
        log.info('A URL was not fetched.', { host: trip.host, reason: codeOf(fault), ...cause, ms: since(beganMs) })
        throw fault
      } finally {
        open.delete(work)
        clearTimeout(timer)
        unwatch()
      }
    },
    close() {
      closed = true
      for (const work of open) work.abort(shuttingDown())
    },
  }
}

const since = (beganMs: number) => Math.round(performance.now() - beganMs)
const shuttingDown = () => new GatewayError('shutting_down', 'The gateway is about to stop fetching URLs.', { retryAfterS: 5 })

/** One fetch, from hop to hop. */
class Trip {
  readonly #request: EgressRequest
  readonly #hosts: readonly string[]
  #url: URL | undefined

  constructor(request: EgressRequest) {
    this.#request = request
    this.#hosts = request.hosts ?? []
  }

  /** Where it is, for the log; undefined: the URL is none. */
  get host(): string | undefined {
    return this.#url && printable(this.#url.hostname)
  }

  /** Throws `egress_refused` before anything is waited for. */
  begin() {
    this.#url = parseTarget(this.#request.url, this.#hosts)
  }

  async follow(policy: Policy, options: Pick<Config, 'connectMs' | 'firstByteMs'>, cancellation: Cancellation): Promise<EgressResponse> {
    // The client's code is loaded by the first fetch.
    const { exchange } = await import('./exchange.js')
    const { maxRedirects = defaultMaxRedirects, maxBytes = defaultMaxBytes } = this.#request
    let { headers = {} } = this.#request
    for (let redirects = 0; ; redirects++) {
      const url = this.#url as URL
      const addresses = await judge(url, policy, cancellation)
      const { connectMs, firstByteMs } = options
      const { ca } = policy.network
      const answer = await exchange(url, { addresses, headers, hosts: this.#hosts, maxBytes, connectMs, firstByteMs, ca }, cancellation)
      if (!(answer instanceof URL)) return answer
      if (redirects >= maxRedirects) throw refused('it redirects too often.')
      // Credentials and everything else that was meant for one server stay with it, and do not come back.
      if (answer.origin !== url.origin) headers = {}
      this.#url = answer
    }
  }
}
