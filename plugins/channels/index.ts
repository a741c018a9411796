import { definePlugin } from 'openclaw/plugin'
import { Channels, ChannelStates } from '../contracts/channels.js'
import { Methods } from '../contracts/methods.js'
import { schema } from './schema.js'
import { createChannelStates } from './states.js'
import { createStatus } from './status.js'

export default definePlugin({
  api: 1,
  name: 'channels',
  schema,
  provides: [ChannelStates],
  apply(kernel) {
    const states = createChannelStates({ table: kernel.table(Channels), redact: kernel.redact, signal: kernel.signal })
    kernel.provide(ChannelStates, states)
    kernel.surface(Methods).tap((methods) => methods.add('channels.status', createStatus(states)))
  },
})
