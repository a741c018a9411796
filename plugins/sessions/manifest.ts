import { type OfflineManifest, rpcFlags } from '../contracts/offline.js'

export const manifest: OfflineManifest = {
  commands(commands) {
    commands.add({
      name: 'sessions',
      summary: 'Conversations, newest first; from the file when the gateway does not run',
      options: [
        ['--agent <id>', 'Of this agent (default: the default agent)'],
        ['--all-agents', 'Of every agent'],
        ['--active <minutes>', 'Only those used within so many minutes'],
        ...rpcFlags(10_000),
        ['--json', 'Print JSON'],
      ],
      load: () => import('./list-command.js'),
    })
    commands.add({
      name: 'sessions export <key>',
      summary: 'A conversation as lines of JSON: one about it, then its messages',
      options: [['--out <file>', 'Write to this file, mode 0600, in place of printing']],
      load: () => import('./export-command.js'),
    })
  },
}
