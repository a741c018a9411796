import { importSpecs } from './support/specs.js'

await importSpecs('plugins/keys', 'plugins/usage', 'plugins/tools', 'plugins/tools-invoke', 'plugins/hooks')
