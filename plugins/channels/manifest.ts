import { type OfflineManifest, rpcFlags } from '../contracts/offline.js'

export const manifest: OfflineManifest = {
  commands(commands) {
    commands.add({
      name: 'channels status',
      summary: 'The chat channels and their accounts, as the running gateway sees them',
      options: [...rpcFlags(10_000), ['--probe', 'Ask each network whether the account works'], ['--json', 'Print JSON']],
      load: () => import('./status-command.js'),
    })
  },
}
