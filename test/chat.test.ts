import { importSpecs } from './support/specs.js'

await importSpecs('plugins/openai-chat', 'plugins/inference')
