import { importSpecs } from './support/specs.js'

await importSpecs('plugins/store', 'plugins/sessions', 'plugins/devices')
