import type { OfflineManifest } from '../contracts/offline.js'

const json = ['--json', 'Print JSON'] as const

export const manifest: OfflineManifest = {
  commands(commands) {
    commands.add({
      name: 'config get <path>',
      summary: 'Print a value of the configuration, defaults included and secrets masked',
      options: [json],
      load: () => import('./get.js'),
    })
    commands.add({
      name: 'config validate',
      summary: 'Check the configuration file',
      options: [json],
      load: () => import('./validate.js'),
    })
    commands.add({
      name: 'config schema [path]',
      summary: 'Print the JSON Schema of the configuration, or of a part of it',
      options: [json],
      load: () => import('./print-schema.js'),
    })
    commands.add({
      name: 'config file',
      summary: 'Print where the configuration file is',
      load: () => import('./file.js'),
    })
  },
}
