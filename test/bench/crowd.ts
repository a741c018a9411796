/**
 * The crowd, in a process of its own so that the client that is measured does not wait for it: many who do nothing, one that never
 * reads what is published for it, one that sends all it can.
 */
import { constants, setPriority } from 'node:os'
import { connectOperator, deviceOf, type Operator } from './operators.js'
import { type Gathering, publishMethod } from './scene.js'
import { requestFrame } from './wire.js'

const atOnce = 32
const publishEveryMs = 10
const floodBytes = 65_536

let leave: (() => Promise<void>) | undefined

async function gather({ origin, token, idle, deafBytes }: Gathering) {
  const connect = (index: number) => connectOperator(origin, token, deviceOf(index))
  const all: Operator[] = []
  while (all.length < idle + 3) {
    const some = Array.from({ length: Math.min(atOnce, idle + 3 - all.length) }, (_, i) => all.length + i)
    all.push(...(await Promise.all(some.map(connect))))
  }
  const [deaf, publisher, flooder] = all as [Operator, Operator, Operator]
  deaf.wire.socket.pause()
  const publishing = requestFrame(publishMethod, { only: deaf.connId, bytes: deafBytes })
  const timer = setInterval(() => publisher.wire.send(publishing), publishEveryMs)
  let trouble: Error | undefined
  publisher.hear(
    () => undefined,
    (error) => (trouble ??= error),
  )
  flood(flooder)
  leave = async () => {
    clearInterval(timer)
    const gone = all.filter(({ wire }) => wire.socket.destroyed).length
    const before = trouble ?? (gone > 0 ? new Error(`The gateway ended ${gone} connections of the crowd.`) : undefined)
    for (const { wire } of all) wire.socket.destroy()
    await Promise.all(all.map(({ wire }) => wire.closed))
    if (before) throw before
  }
}

/** Send as fast as the server takes it. */
function flood({ wire }: Operator) {
  const frame = requestFrame('health')
  const frames = Buffer.concat(Array.from({ length: Math.floor(floodBytes / frame.length) }, () => frame))
  const fill = () => {
    while (wire.send(frames));
  }
  wire.socket.on('drain', fill)
  fill()
}

// Elsewhere it would have a machine of its own: it takes no processor from the others.
setPriority(constants.priority.PRIORITY_LOW)

process.on('message', (gathering: Gathering | { readonly leave: true }) => {
  const done = 'leave' in gathering ? leave?.() : gather(gathering)
  Promise.resolve(done).then(
    () => process.send?.({}),
    (error: Error) => process.send?.({ error: error.message }),
  )
})
