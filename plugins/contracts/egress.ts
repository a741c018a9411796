import { defineService, GatewayError } from 'openclaw/plugin'
import type { Cancellation } from './cancellation.js'

/** A fetch of a URL that came from outside. */
export interface EgressRequest {
  readonly url: string
  /** Bytes of the decoded answer. Default 20 MiB. */
  readonly maxBytes?: number
  /** The whole fetch, waiting and redirects included. Default 10 s. */
  readonly timeoutMs?: number
  /** Default 3. */
  readonly maxRedirects?: number
  /** Host names, exact or `*.example.com`, on every hop; empty or absent: any public one. */
  readonly hosts?: readonly string[]
  /** Sent to the first scheme, host and port only. */
  readonly headers?: Readonly<Record<string, string>>
}
export interface EgressResponse {
  readonly status: number
  /** Media type without parameters, lower-case; empty when none was sent. */
  readonly type: string
  readonly charset: string | undefined
  /** Decoded. */
  readonly body: Buffer
  /** Of the last hop. */
  readonly url: string
}

/** The one door to addresses that the configuration does not name. Provided by the plugin `egress`. */
export interface Egress {
  /**
   * GET a URL. Any status is an answer. Rejects with the reason of the cancellation, or with an error that tells no address:
   * `egress_refused` (URL, address or redirect), `egress_failed`, `egress_too_large`, `egress_timeout`; or with `too_many_runs` or
   * `shutting_down`, which are no fault of the URL.
   */
  fetch(request: EgressRequest, cancellation: Cancellation): Promise<EgressResponse>
}
export const Egress = defineService<Egress>('egress')

/** Whether the URL is at fault: what an endpoint answers with 400. */
export const isEgressFault = (thrown: unknown): thrown is GatewayError =>
  thrown instanceof GatewayError && /^egress_(?:refused|failed|too_large|timeout)$/.test(thrown.code)
