import { type OfflineManifest, rpcFlags } from '../contracts/offline.js'

export const manifest: OfflineManifest = {
  commands(commands) {
    commands.add({
      name: 'agent',
      summary: 'Send a message to an agent and print what it answers',
      options: [
        ['-m, --message <text>', 'What to say (required)'],
        ['--agent <id>', 'In the main session of this agent'],
        ['--session-id <id>', 'In the session with this id'],
        ['-t, --to <number>', 'In the session of this phone number'],
        ['--thinking <level>', 'off, minimal, low, medium, high or xhigh'],
        ['--timeout <s>', 'Seconds until the run is given up', 600],
        ...rpcFlags(0).filter(([flag]) => !flag.startsWith('--timeout')),
        ['--json', 'Print JSON'],
      ],
      load: () => import('./agent-command.js'),
    })
  },
}
