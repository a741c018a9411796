import { setTimeout as sleep } from 'node:timers/promises'
import type { Scene, Server } from './contestants.js'
import { cpuUs } from './processes.js'
import type { Outcome, SocketJob } from './scene.js'
import { median, type Row, row } from './table.js'

const idle = 1_000
const script: Omit<SocketJob, 'origin' | 'token'> = { script: 'paced', method: 'health', clients: 1, requests: 600, everyMs: 5 }

/** Wait until the server has got over what came before. */
async function settle(pid: number) {
  const [lookMs, idleUs, mostLooks] = [250, 5_000, 120]
  for (let look = 0, before = cpuUs(pid); look < mostLooks; look++) {
    await sleep(lookMs)
    const now = cpuUs(pid)
    if (now - before < idleUs) return
    before = now
  }
  throw new Error('The gateway did not come to rest after the crowd had left.')
}

/** What one client notices of a crowd: the same questions with it and without. */
export async function crowdRows({ origin, pid }: Server, { load, crowd, token }: Scene, rounds: number): Promise<Row[]> {
  const ask = () => load.run({ ...script, origin, token })
  const alone: Outcome[] = []
  const crowded: Outcome[] = []
  await ask()
  for (let round = 0; round < rounds; round++) {
    await settle(pid)
    alone.push(await ask())
    await crowd.run({ origin, token, idle, deafBytes: 16_384 })
    crowded.push(await ask())
    await crowd.run({ leave: true })
  }
  const p99 = (outcomes: readonly Outcome[]) => outcomes.map(({ p99Ms }) => p99Ms)
  const p50 = (outcomes: readonly Outcome[]) => median(outcomes.map(({ p50Ms }) => p50Ms)).toFixed(2)
  const name = `WebSocket: \`health\` of one client, p99, among ${idle} idle, one that never reads, one that floods (floor: without them)`
  return [row(name, 'ms', p99(alone), p99(crowded), { atMost: 2 }, `p50: ${p50(alone)}, ${p50(crowded)} ms`)]
}
