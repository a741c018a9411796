import { defineSurface } from 'openclaw/plugin'

/** One account of a channel. Times are ms, null when it never happened. */
export interface ChannelAccount {
  readonly accountId: string
  readonly name?: string
  readonly enabled: boolean
  readonly configured: boolean
  readonly running: boolean
  readonly connected?: boolean
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
