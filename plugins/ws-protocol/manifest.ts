import { type OfflineManifest, rpcFlags } from '../contracts/offline.js'

const json = ['--json', 'Print JSON'] as const

export const manifest: OfflineManifest = {
  commands(commands) {
    for (const word of ['gateway', 'daemon'])
      commands.add({
        name: `${word} status`,
        summary: 'Whether the gateway of this configuration runs and answers',
        options: [
          ...rpcFlags(10_000),
          ['--no-probe', 'Do not call the gateway'],
          ['--require-rpc', 'Exit code 1 when it does not answer'],
          ['--deep', 'Accepted; there are no services of the system to look for yet'],
          json,
        ],
        load: () => import('./gateway-status.js'),
      })
    commands.add({
      name: 'gateway probe',
      summary: 'Whether every gateway that the configuration names can be reached',
      options: [...rpcFlags(3_000), json],
      load: () => import('./gateway-probe.js'),
    })
    commands.add({
      name: 'gateway call <method>',
      summary: 'Call a method of the WebSocket protocol',
      options: [
        ['--params <json>', 'Parameters of the method', '{}'],
        ...rpcFlags(10_000),
        ['--expect-final', 'Wait for the second answer of a two-stage method'],
        json,
      ],
      load: () => import('./gateway-call.js'),
    })
  },
}
