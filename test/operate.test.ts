import { importSpecs } from './support/specs.js'

await importSpecs('plugins/health', 'plugins/logs')
