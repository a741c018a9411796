import { importSpecs } from './support/specs.js'

await importSpecs('plugins/openai-responses', 'plugins/egress')
