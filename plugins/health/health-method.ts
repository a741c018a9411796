import { covers, type Handle } from 'openclaw/plugin'
import type { ChannelStates } from '../contracts/channels.js'
import type { Method } from '../contracts/methods.js'
import type { HealthDocuments } from './health.js'

/** How long channels may take to say whether their networks work. */
const probeMs = 10_000

/** The method `health`. It costs no more than a string, unless somebody who may read asks the networks too. */
export function createHealthMethod(health: HealthDocuments, channels: Handle<ChannelStates | undefined>): Method {
  const askNetworks = async () => {
    await channels.current?.probe(probeMs)
    health.refresh()
    return health.full()
  }
  return {
    scope: null,
    handler({ params, client }) {
      if (!covers(client.scopes, 'operator.read')) return health.brief()
      return params?.probe === true ? askNetworks() : health.full()
    },
  }
}
