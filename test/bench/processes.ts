import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job, Outcome, SocketJob } from './scene.js'

/** A process of the benchmark that listens. */
export interface Running {
  readonly pid: number
  readonly origin: string
  /** When it was spawned, by `performance.now()`. */
  readonly spawnedAt: number
  /** Ask it to end, and wait until it has. */
  stop(): Promise<void>
}

export interface Launch {
  /** Arguments of `node`. */
  readonly args: readonly string[]
  readonly port: number
  readonly env: NodeJS.ProcessEnv
  /** File for its output. */
  readonly output: string
}

const stopMs = 15_000
const startMs = 20_000

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export function launch({ args, port, env, output }: Launch): Running & { readonly child: ChildProcess } {
  const file = openSync(output, 'a')
  const spawnedAt = performance.now()
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', file, file] })
  closeSync(file)
  endWithUs(child)
  return { child, pid: child.pid as number, origin: `http://127.0.0.1:${port}`, spawnedAt, stop: () => stop(child) }
}

/** However the benchmark ends, it leaves nobody behind. */
function endWithUs(child: ChildProcess) {
  const kill = () => void child.kill('SIGKILL')
  process.prependListener('exit', kill)
  child.once('exit', () => process.off('exit', kill))
}

async function stop(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs)
  await ended
  clearTimeout(timer)
}

/** One request on a connection of its own. Undefined: nobody listens yet. */
export const ask = (url: string, { method, headers, body }: Pick<Job, 'method' | 'headers' | 'body'>) =>
  new Promise<{ status: number; text: string } | undefined>((resolve) => {
    const sent = request(url, { method, headers, agent: false }, (res) => {
      let text = ''
      res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      res.on('end', () => resolve({ status: res.statusCode as number, text }))
    })
    sent.on('error', () => resolve(undefined)).end(body)
  })

/** Ask until the answer is a 200. Answers how long after the spawn that was. */
export async function firstAnswerMs(
  server: ReturnType<typeof launch>,
  path: string,
  headers: Job['headers'],
  output: string,
): Promise<number> {
  const pauseMs = 1
  for (;;) {
    const answer = await ask(`${server.origin}${path}`, { method: 'GET', headers })
    if (answer?.status === 200) return performance.now() - server.spawnedAt
    const late = performance.now() - server.spawnedAt > startMs
    if (late || server.child.exitCode !== null) {
      await server.stop()
      throw new Error(`A server did not start; its last answer was ${answer?.status}.\n${readFileSync(output, 'utf8').slice(-2_000)}`)
    }
    await sleep(pauseMs)
  }
}

/**
 * CPU microseconds that a process has used, user and system, in all of its threads: what `/proc/<pid>/stat` tells in
 * hundredths of a second, finer, so that rounds can be short.
 */
export function cpuUs(pid: number): number {
  const folder = `/proc/${pid}/task`
  const nanoseconds = readdirSync(folder).map((thread) => Number(readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ', 1)[0]))
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1_000
}

/** Memory of a process in MiB: resident, and with shared pages counted by share. */
export function memoryMiB(pid: number): { rss: number; pss: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) / 1_024
  return { rss: field('Rss'), pss: field('Pss') }
}

/** A process that does what it is told, one thing after the other. */
export interface Helper<Task, Outcome> {
  run(task: Task): Promise<Outcome>
  stop(): Promise<void>
}
/** The load generator. */
export type Load = Helper<Job | SocketJob, Outcome>

export function startHelper<Task extends object, Outcome>(file: string): Helper<Task, Outcome> {
  const child = fork(file, { execArgv: [] })
  endWithUs(child)
  return {
    run: (task) =>
      new Promise((resolve, reject) => {
        const gone = () => reject(new Error(`${file} ended.`))
        child.once('exit', gone)
        child.once('message', ({ outcome, error }: { outcome?: Outcome; error?: string }) => {
          child.off('exit', gone)
          if (error === undefined) resolve(outcome as Outcome)
          else reject(new Error(error))
        })
        child.send(task)
      }),
    stop: () => stop(child),
  }
}
