import { type PluginUse, use } from 'openclaw'
import agents from '../../../plugins/agents/index.js'
import hooks from '../../../plugins/hooks/index.js'
import type { ConfigInput } from '../../../plugins/hooks/schema.js'
import models from '../../../plugins/models/index.js'
import providerOpenai from '../../../plugins/provider-openai/index.js'
import runs from '../../../plugins/runs/index.js'
import sessions from '../../../plugins/sessions/index.js'
import store from '../../../plugins/store/index.js'

export const hookToken = 'a-token-for-hooks-that-is-long-enough'

/** With the token, and on. */
export const enabled = (config: ConfigInput = {}): ConfigInput => ({ enabled: true, token: hookToken, ...config })

/** Hooks and all that they need. The agents are `main` and `ops`; the model of the upstream repeats what it is told. */
export const hookPlugins = (upstream: string, section: ConfigInput): PluginUse[] => [
  use(agents, { defaults: { model: 'up/echo' }, list: [{ id: 'main' }, { id: 'ops' }] }),
  use(models),
  use(providerOpenai, { up: { baseUrl: upstream, models: [{ id: 'echo' }, { id: 'other' }] } } as never),
  use(store),
  use(sessions),
  use(runs),
  use(hooks, section),
]
