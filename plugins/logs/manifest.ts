import { type OfflineManifest, rpcFlags } from '../contracts/offline.js'

export const manifest: OfflineManifest = {
  commands(commands) {
    commands.add({
      name: 'logs',
      summary: "The running gateway's log",
      options: [
        ['--follow', 'Go on with new lines, also over a restart'],
        ['--limit <n>', 'Lines at most', 200],
        ['--max-bytes <n>', 'Bytes to read at most', 250_000],
        ['--interval <ms>', 'Time between two looks', 1_000],
        ['--plain', 'Accepted; there are no colours'],
        ['--local-time', 'Times of this time zone in place of UTC'],
        ['--json', 'One JSON document a line'],
        ['--expect-final', 'Accepted; the method has one answer'],
        ...rpcFlags(30_000),
      ],
      load: () => import('./logs-command.js'),
    })
  },
}
