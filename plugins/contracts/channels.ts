import { defineService, defineSurface } from 'openclaw/plugin'

/** One account of a channel. Times are ms, null when it never happened. */
export interface ChannelAccount {
  readonly accountId: string
  readonly name?: string
  readonly enabled: boolean
  readonly configured: boolean
  /** Paired with a phone or the like, where a network asks for that. */
  readonly linked?: boolean
  readonly running: boolean
  readonly connected?: boolean
  /** How messages come: `polling`, `webhook`, `socket`. */
  readonly mode?: string
  /** Where its credential comes from: `config`, `env`, `file`. */
  readonly tokenSource?: string
  readonly lastStartAt?: number | null
  readonly lastStopAt?: number | null
  readonly lastInboundAt?: number | null
  readonly lastOutboundAt?: number | null
  readonly lastError?: string | null
}

/** A way to reach people: a chat network. */
export interface Channel {
  readonly label: string
  readonly detailLabel?: string
  readonly systemImage?: string
  readonly defaultAccountId: string
  accounts(): readonly ChannelAccount[]
  /** Ask the network whether an account works. Must end when the signal aborts. */
  probe?(accountId: string, signal: AbortSignal): Promise<{ ok: boolean; error?: string }>
}

/** Channels by id. Owned by the plugin `channels`. */
export const Channels = defineSurface<Channel>('channels')

/** An account as clients see it, with what its network said when it was last asked. */
export interface AccountStatus extends ChannelAccount {
  readonly probe?: { readonly ok: boolean; readonly error?: string }
  readonly lastProbeAt?: number
}

export interface ChannelStatus {
  readonly id: string
  readonly label: string
  readonly detailLabel: string
  readonly systemImage?: string
  readonly defaultAccountId: string
  readonly accounts: readonly AccountStatus[]
  /** The default account; a stand-in that is not configured when there is none. */
  readonly account: AccountStatus
}

/** How every channel stands. Texts have no secrets in them. */
export interface ChannelStates {
  /** In the order of the table. Asks the plugins, not their networks. */
  read(): readonly ChannelStatus[]
  /**
   * Ask every network about every account that runs or could. Resolves when all answered or the time is over; what did not answer
   * by then has failed. Asking while it is being asked joins.
   */
  probe(limitMs: number): Promise<void>
}
export const ChannelStates = defineService<ChannelStates>('channel-states')
