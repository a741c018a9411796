import { type OfflineManifest, rpcFlags } from '../contracts/offline.js'

export const manifest: OfflineManifest = {
  commands(commands) {
    commands.add({
      name: 'models list',
      summary: 'Models that the gateway offers; those of the configuration when it does not run',
      options: [
        ...rpcFlags(10_000),
        ['--all', 'Accepted; all are listed'],
        ['--local', 'Only those on this machine'],
        ['--provider <name>', 'Only those of a provider'],
        ['--plain', 'Only the names, one a line'],
        ['--json', 'Print JSON'],
      ],
      load: () => import('./list-command.js'),
    })
  },
}
