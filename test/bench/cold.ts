import { setTimeout as sleep } from 'node:timers/promises'
import type { Contestant, Scene, Server } from './contestants.js'
import { ask, memoryMiB } from './processes.js'
import { chat, headersFor } from './scene.js'
import { type Row, row } from './table.js'

/** The two sides of a comparison. */
export interface Pair {
  readonly floor: Contestant
  readonly gateway: Contestant
}
type Values = Record<keyof Pair, number[]>
const values = (): Values => ({ floor: [], gateway: [] })

/** Whoever begins is the second in the next round, so that a drift favours nobody. */
export const turns = <T>(names: readonly T[], round: number): readonly T[] => (round % 2 === 0 ? names : [...names].reverse())
const sides = ['floor', 'gateway'] as const

/** The whole answer of one chat, on a connection of its own. */
async function chatMs(server: Server, token: string): Promise<number> {
  const began = performance.now()
  const answer = await ask(`${server.origin}${chat.path}`, { ...chat, headers: headersFor(token) })
  if (answer?.status !== chat.status || !answer.text.includes(chat.marker)) throw new Error(`The first chat answered ${answer?.status}.`)
  return performance.now() - began
}

/** How long a start takes, and a chat that comes right after it. */
export async function startRows(pair: Pair, { token }: Scene, rounds: number): Promise<Row[]> {
  const start = values()
  const firstChat = values()
  for (let round = 0; round < rounds; round++)
    for (const side of turns(sides, round)) {
      const server = await pair[side].start()
      start[side].push(server.startMs)
      firstChat[side].push(await chatMs(server, token))
      await server.stop()
    }
  const whole = (side: keyof Pair) => start[side].map((ms, i) => ms + (firstChat[side][i] as number))
  return [
    row('spawn → first authenticated answer', 'ms', start.floor, start.gateway, { atMost: 1.5 }),
    row('spawn → answer of a chat sent right after it', 'ms', whole('floor'), whole('gateway'), { atMost: 1.5 }),
  ]
}

const idleMs = 2_000

/** What an idle server holds, and how long its first chat takes then. */
export async function idleRows(pair: Pair, { token }: Scene, rounds: number): Promise<Row[]> {
  const [rss, pss, firstChat] = [values(), values(), values()]
  for (let round = 0; round < rounds; round++) {
    const servers: [keyof Pair, Server][] = []
    for (const side of turns(sides, round)) servers.push([side, await pair[side].start()])
    await sleep(idleMs)
    for (const [side, { pid }] of servers) {
      const memory = memoryMiB(pid)
      rss[side].push(memory.rss)
      pss[side].push(memory.pss)
    }
    for (const [side, server] of servers) {
      firstChat[side].push(await chatMs(server, token))
      await server.stop()
    }
  }
  return [
    row('first chat after start', 'ms', firstChat.floor, firstChat.gateway, { atMost: 2 }),
    row('idle, resident', 'MiB', rss.floor, rss.gateway, { atMost: 1.5 }),
    row('idle, proportional (PSS)', 'MiB', pss.floor, pss.gateway, { atMost: 1.5 }),
  ]
}
