import type { OfflineManifest } from '../contracts/offline.js'

const json = ['--json', 'Print JSON'] as const

export const manifest: OfflineManifest = {
  commands(commands) {
    commands.add({
      name: 'plugins list',
      summary: 'Plugins that this configuration knows, and whether they run',
      options: [['--enabled', 'Only those that run'], ['--verbose', 'Also why others do not'], json],
      load: () => import('./list.js'),
    })
    for (const word of ['inspect', 'info'])
      commands.add({
        name: `plugins ${word} [id]`,
        summary: 'One plugin: what it adds, needs and provides, its faults',
        options: [['--all', 'Every plugin'], json],
        load: () => import('./inspect.js'),
      })
  },
}
