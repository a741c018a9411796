/**
 * A process that is killed: it holds turns in the state directory of its argument and prints, a line each, what it was
 * told is on disk: `begun <key>` and `ended <key>`.
 */
import { writeSync } from 'node:fs'
import { definePlugin } from 'openclaw/plugin'
import { createTestGateway } from 'openclaw/testing'
import { Sessions } from '../../plugins/contracts/sessions.js'
import sessions from '../../plugins/sessions/index.js'
import store from '../../plugins/store/index.js'
import { answer, turn } from './turns.js'

const [state = '', name = ''] = process.argv.slice(2)
const say = (line: string) => writeSync(1, `${line}\n`)
const padding = 'w'.repeat(2_000)

async function talk(service: Sessions, worker: number) {
  for (let at = 0; ; at++) {
    const key = `${name}-${worker}-${at}`
    const begun = await service.begin(turn(key, `ask ${key} ${padding}`, { session: `session ${worker % 3}` }))
    if ('earlier' in begun) throw new Error(`${key} was used before`)
    say(`begun ${key}`)
    const { id, key: sessionKey } = begun.session
    await service.finish(answer(key, id, `reply ${key} ${padding}`, { sessionKey }))
    say(`ended ${key}`)
  }
}

const writer = definePlugin({
  api: 1,
  name: 'writer',
  requires: [Sessions],
  apply(kernel) {
    const service = kernel.use(Sessions)
    kernel.hooks.ready.tap(() => {
      for (let worker = 0; worker < 8; worker++) void talk(service.current, worker)
    })
  },
})

await createTestGateway({ plugins: [store, sessions, writer], paths: { state } })
