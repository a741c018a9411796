import { type OfflineManifest, rpcFlags } from '../contracts/offline.js'

const common = [['--days <n>', 'Days, today included', 30], ...rpcFlags(10_000), ['--json', 'Print JSON']] as const

export const manifest: OfflineManifest = {
  commands(commands) {
    commands.add({
      name: 'usage',
      summary: 'Tokens and cost of the models, by day, key, agent or model',
      options: [['--by <what>', 'day, key, agent or model', 'day'], ...common],
      load: () => import('./usage-command.js'),
    })
    commands.add({
      name: 'gateway usage-cost',
      summary: 'What the models cost',
      options: common,
      load: () => import('./usage-cost-command.js'),
    })
  },
}
