import { type OfflineManifest, rpcFlags } from '../contracts/offline.js'

const common = [...rpcFlags(10_000), ['--json', 'Print JSON']] as const

export const manifest: OfflineManifest = {
  commands(commands) {
    commands.add({
      name: 'keys create',
      summary: 'Make an API key and print it, this once',
      options: [
        ['--name <name>', 'Whose it is (required)'],
        ['--model <pattern...>', 'Models it may use, as in openai/*; may come several times. Default: all'],
        ['--agent <id...>', 'Agents it may use; may come several times. Default: all'],
        ['--tool <name...>', 'Tools it may call; may come several times. Default: none'],
        ['--scope <scope...>', 'What it may do; may come several times. Default: operator.read and operator.write'],
        ['--expires <time>', 'How long it is good for, as in 12h, 30d or 8w. Default: for good'],
        ['--rate <n>', 'Requests a minute. Default: any number'],
        ['--limit-usd <amount>', 'US dollars that it may cost. Default: any'],
        ['--per <period>', 'The limit is for each day or month. Default: in all'],
        ...common,
      ],
      load: () => import('./create-command.js'),
    })
    commands.add({
      name: 'keys list',
      summary: 'API keys: what each may do, and what it has cost',
      options: common,
      load: () => import('./list-command.js'),
    })
    commands.add({
      name: 'keys revoke <id>',
      summary: 'End an API key for good',
      options: common,
      load: () => import('./revoke-command.js'),
    })
  },
}
