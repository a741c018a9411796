import { type OfflineManifest, rpcFlags } from '../contracts/offline.js'

const json = ['--json', 'Print JSON'] as const

export const manifest: OfflineManifest = {
  commands(commands) {
    commands.add({
      name: 'health',
      summary: 'What the running gateway says of its agents, channels and sessions',
      options: [...rpcFlags(10_000), ['--verbose', 'Also the connection, and probe every channel'], json],
      load: () => import('./health-command.js'),
    })
    commands.add({
      name: 'gateway health',
      summary: 'Whether the running gateway is well',
      options: [...rpcFlags(10_000), json],
      load: () => import('./gateway-health.js'),
    })
    commands.add({
      name: 'status',
      summary: 'Gateway, agents, channels and sessions at a glance',
      options: [
        ...rpcFlags(10_000),
        ['--all', 'A report to share; without secrets'],
        ['--deep', 'Probe every channel'],
        ['--verbose', 'Also the connection'],
        json,
      ],
      load: () => import('./status-command.js'),
    })
  },
}
