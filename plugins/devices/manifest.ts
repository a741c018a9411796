import { type OfflineManifest, rpcFlags } from '../contracts/offline.js'

const common = [...rpcFlags(10_000), ['--json', 'Print JSON']] as const
const device = ['--device <id>', 'Device (required)'] as const
const role = ['--role <role>', 'operator or node (required)'] as const

export const manifest: OfflineManifest = {
  commands(commands) {
    commands.add({
      name: 'devices list',
      summary: 'Devices that ask to be let in, and those that are paired',
      options: common,
      load: () => import('./list-command.js'),
    })
    commands.add({
      name: 'devices approve [requestId]',
      summary: 'Let a device in',
      options: [['--latest', 'The newest request'], ...common],
      load: () => import('./approve-command.js'),
    })
    commands.add({
      name: 'devices reject <requestId>',
      summary: 'Turn a device away',
      options: common,
      load: () => import('./reject-command.js'),
    })
    commands.add({
      name: 'devices remove <deviceId>',
      summary: 'Forget a paired device and close its connections',
      options: common,
      load: () => import('./remove-command.js'),
    })
    commands.add({
      name: 'devices clear',
      summary: 'Forget every paired device',
      options: [['--yes', 'Do it (required)'], ['--pending', 'Also turn away those that ask'], ...common],
      load: () => import('./clear-command.js'),
    })
    commands.add({
      name: 'devices rotate',
      summary: 'Give a device a new token and print it',
      options: [device, role, ['--scope <scope...>', 'Only these scopes; may come several times'], ...common],
      load: () => import('./rotate-command.js'),
    })
    commands.add({
      name: 'devices revoke',
      summary: "End a device's token",
      options: [device, role, ...common],
      load: () => import('./revoke-command.js'),
    })
  },
}
