import type { TestContext } from 'node:test'
import { createTestGateway } from 'openclaw/testing'
import agents from '../../../plugins/agents/index.js'
import type { Config as AgentsConfig } from '../../../plugins/agents/schema.js'
import { Models, type Provider } from '../../../plugins/contracts/models.js'
import models from '../../../plugins/models/index.js'
import type { Config } from '../../../plugins/models/schema.js'
import { listedProvider, probe, providersPlugin } from '../../support/registry.js'

export const acme = listedProvider('acme', [
  { id: 'big', name: 'Big', contextWindow: 1000, maxTokens: 100, created: 5 },
  'small',
  'shared',
  'acme/auto',
  { id: 'vectors', kind: 'embedding' },
])
export const zeta = listedProvider('zeta', ['shared', 'org/deep/model:1.2@x+y', 'only'])
/** A local server: it takes any id. */
export const local = listedProvider('local', ['seen'], { anyModel: true })

/** A gateway with the models of `acme`, `local` and `zeta`, unless others are given. */
export async function open(t: TestContext, setup: { agents?: AgentsConfig | null; models?: Config; providers?: readonly Provider[] } = {}) {
  const seen = probe(Models)
  const plugins = [
    ...(setup.agents === null ? [] : [{ plugin: agents, config: setup.agents ?? {} }]),
    { plugin: models, config: setup.models ?? {} },
    providersPlugin(setup.providers ?? [zeta, local, acme]),
    seen.plugin,
  ]
  const gateway = await createTestGateway({ plugins })
  t.after(() => gateway.close())
  return { gateway, plugins, models: () => seen.current }
}

/** Code, param and message of what `run` throws. */
export function refused(run: () => unknown): { code: string; param: string | undefined; message: string } {
  try {
    run()
  } catch (error) {
    const { code, param, message } = error as { code: string; param?: string; message: string }
    return { code, param, message }
  }
  throw new Error('nothing was thrown')
}
