import { importSpecs } from './support/specs.js'

await importSpecs(
  'plugins/agents',
  'plugins/models',
  'plugins/openai-models',
  'plugins/provider-openai',
  'plugins/openai-embeddings',
  'plugins/local',
)
