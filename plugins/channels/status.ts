import type { ChannelStates, ChannelStatus } from '../contracts/channels.js'
import type { Method } from '../contracts/methods.js'
import { type StatusParams, statusSchema } from './params-schema.js'

/** Limits of `timeoutMs`. */
const shortestMs = 1_000
const longestMs = 60_000

/** The method `channels.status`. */
export const createStatus = (states: ChannelStates): Method<StatusParams> => ({
  scope: 'operator.read',
  params: statusSchema,
  async handler({ params: { probe, timeoutMs } }) {
    if (probe) await states.probe(Math.min(Math.max(timeoutMs, shortestMs), longestMs))
    return answer(states.read())
  },
})

function answer(channels: readonly ChannelStatus[]) {
  const byId = <T>(value: (channel: ChannelStatus) => T) => Object.fromEntries(channels.map((channel) => [channel.id, value(channel)]))
  const withImage = channels.filter(({ systemImage }) => systemImage !== undefined)
  return {
    ts: Date.now(),
    channelOrder: channels.map(({ id }) => id),
    channelLabels: byId(({ label }) => label),
    channelDetailLabels: byId(({ detailLabel }) => detailLabel),
    channelSystemImages: Object.fromEntries(withImage.map(({ id, systemImage }) => [id, systemImage])),
    channelMeta: channels.map(({ id, label, detailLabel, systemImage }) => ({
      id,
      label,
      detailLabel,
      ...(systemImage !== undefined && { systemImage }),
    })),
    channels: byId(summary),
    channelAccounts: byId(({ accounts }) => accounts),
    channelDefaultAccountId: byId(({ defaultAccountId }) => defaultAccountId),
  }
}

const summary = ({ account: { accountId: _id, name: _name, enabled: _enabled, ...rest } }: ChannelStatus) => ({
  lastStartAt: null,
  lastStopAt: null,
  lastError: null,
  ...rest,
})
