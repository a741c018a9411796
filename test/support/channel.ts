import { definePlugin } from 'openclaw/plugin'
import { type Channel, type ChannelAccount, Channels } from '../../plugins/contracts/channels.js'

export const account = (accountId: string, more: Partial<ChannelAccount> = {}): ChannelAccount => ({
  accountId,
  enabled: true,
  configured: true,
  running: true,
  ...more,
})

/** A plugin that adds a channel, named for it. */
export const channelPlugin = (id: string, channel: Partial<Channel> = {}) =>
  definePlugin({
    api: 1,
    name: id,
    apply: (kernel) =>
      kernel
        .surface(Channels)
        .tap((channels) =>
          channels.add(id, { label: `The ${id}`, defaultAccountId: 'default', accounts: () => [account('default')], ...channel }),
        ),
  })
