import type { Handle } from 'openclaw/plugin'
import type { Configuration, ConfigurationFile } from '../contracts/configuration.js'
import { type Method, refusal, Serialized } from '../contracts/methods.js'
import { hintsOf } from './hints.js'
import { lookUp } from './lookup.js'
import { lookupSchema, noParamsSchema } from './params-schema.js'
import type { SchemaNode } from './schema-node.js'
import { snapshotOf } from './snapshot.js'

/** The methods that show the configuration file, by name. `mask` hides every secret that the gateway knows. */
export function createMethods(handle: Handle<Configuration | undefined>, mask: (text: string) => string): Record<string, Method> {
  const configuration = () => {
    const { current } = handle
    if (!current) throw refusal('UNAVAILABLE', 'this gateway runs without a configuration file')
    return current
  }
  /** The schema is large, and the same until the file changes. */
  let last: { readonly file: ConfigurationFile; readonly answer: Serialized } | undefined
  const schema = async () => {
    const { version, read } = configuration()
    const file = await read()
    if (last?.file !== file) last = { file, answer: schemaAnswer(file, version) }
    return last.answer
  }
  return {
    'config.get': {
      scope: 'operator.read',
      params: noParamsSchema,
      handler: async () => snapshotOf(await configuration().read(), mask),
    },
    'config.schema': { scope: 'operator.admin', params: noParamsSchema, handler: schema },
    'config.schema.lookup': {
      scope: 'operator.read',
      params: lookupSchema,
      handler: async ({ params }) => lookUp((await configuration().read()).schema as SchemaNode, params.path),
    },
  }
}

const schemaAnswer = ({ schema }: ConfigurationFile, version: string) =>
  new Serialized(JSON.stringify({ schema, uiHints: hintsOf(schema as SchemaNode), version, generatedAt: new Date().toISOString() }))
