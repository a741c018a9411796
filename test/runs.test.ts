import { importSpecs } from './support/specs.js'

await importSpecs('plugins/runs', 'plugins/chat', 'plugins/channels', 'plugins/config')
