import type { Worker } from 'node:worker_threads'
import { GatewayError } from 'openclaw/plugin'
import type { Cancellation } from '../contracts/cancellation.js'
import type { Job, Reply, Results, WorkerData } from './jobs.js'

export interface HostOptions {
  /** The worker's program. */
  readonly url: URL
  readonly data: WorkerData
  /** One job, the loading of its model included. Default 60,000. */
  readonly jobMs?: number
}

/** The one worker thread of the local models: begun by the first job, ended when there was none for a while. */
export interface WorkerHost {
  /** How long it stays without a job; counts from the next job on. */
  idleMs: number
  /** Errors: the reason of the cancellation, `upstream_overloaded`, `upstream_timeout`, `upstream_error`. */
  ask<J extends Job>(job: J, cancellation: Cancellation): Promise<Results[J['kind']]>
  /** Whether there is a thread now. */
  running(): boolean
  close(): Promise<void>
}

interface Waiting {
  readonly job: Job
  settled: boolean
  settle(reply: Reply | GatewayError): void
}

const maxWaiting = 64
const usualJobMs = 60_000

export function createWorkerHost({ url, data, jobMs = usualJobMs }: HostOptions): WorkerHost {
  const waiting: Waiting[] = []
  let current: Waiting | undefined
  let worker: Worker | undefined
  let closed = false
  let timer: NodeJS.Timeout | undefined
  const after = (ms: number, then: () => void) => {
    clearTimeout(timer)
    timer = setTimeout(then, ms).unref()
  }

  function begin(): Worker {
    // Loading it takes memory that a gateway without local answers need not have.
    const { Worker } = process.getBuiltinModule('node:worker_threads')
    // Flags of the process, such as `--input-type`, are not for the worker's program.
    const options = { workerData: data, name: 'openclaw-local', execArgv: [] }
    const begun = url.pathname.endsWith('.ts') ? new Worker(fromSource(url), { ...options, eval: true }) : new Worker(url, options)
    // What a worker that is gone says no longer counts.
    const mine =
      (then: (...args: any[]) => void) =>
      (...args: any[]) =>
        begun === worker && then(...args)
    begun.on(
      'message',
      mine((reply: Reply) => finish(reply)),
    )
    begun.on(
      'error',
      mine((error: Error) =>
        lose('upstream_error', `The worker of the local models failed: ${error.message}. Ask again: a new one begins.`),
      ),
    )
    begun.on(
      'exit',
      mine((code: number) =>
        lose('upstream_error', `The worker of the local models ended with code ${code}. Ask again: a new one begins.`),
      ),
    )
    return begun
  }
  function finish(reply: Reply | GatewayError) {
    const done = current
    current = undefined
    done?.settle(reply)
    pump()
  }
  function lose(code: string, message: string) {
    const lost = worker
    worker = undefined
    void lost?.terminate()
    finish(new GatewayError(code, message))
  }
  function pump() {
    if (current) return
    let next = waiting.shift()
    while (next?.settled) next = waiting.shift()
    if (!next) {
      clearTimeout(timer)
      // An idle worker does not keep the process, a busy one does.
      worker?.unref()
      if (worker) after(host.idleMs, end)
      return
    }
    current = next
    worker ??= begin()
    after(jobMs, () => lose('upstream_timeout', `A local model took longer than ${jobMs / 1_000} s.`))
    worker.ref()
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage(next.job)
  }
  function end() {
    const idle = worker
    worker = undefined
    void idle?.terminate()
  }

  const host: WorkerHost = {
    idleMs: 600_000,
    running: () => worker !== undefined,
    ask: (job, cancellation) =>
      new Promise((resolve, reject) => {
        if (cancellation.aborted) return reject(cancellation.reason)
        if (closed) return reject(new GatewayError('upstream_unavailable', 'The local models were turned off.'))
        if (waiting.length >= maxWaiting) {
          const message = `More than ${maxWaiting} requests wait for the local models. Try again.`
          return reject(new GatewayError('upstream_overloaded', message, { retryAfterS: 2 }))
        }
        const entry: Waiting = {
          job,
          settled: false,
          settle(reply) {
            if (entry.settled) return
            entry.settled = true
            unwatch()
            if (reply instanceof GatewayError) reject(reply)
            else if ('error' in reply) reject(new GatewayError('upstream_error', reply.error))
            else resolve(reply.result as never)
          },
        }
        const unwatch = cancellation.onAbort((reason) => {
          if (entry.settled) return
          entry.settled = true
          const at = waiting.indexOf(entry)
          if (at >= 0) waiting.splice(at, 1)
          reject(reason)
        })
        waiting.push(entry)
        pump()
      }),
    async close() {
      closed = true
      clearTimeout(timer)
      const last = worker
      worker = undefined
      const reason = new GatewayError('upstream_unavailable', 'The local models were turned off.')
      for (const entry of [current, ...waiting.splice(0)]) entry?.settle(reason)
      current = undefined
      await last?.terminate()
    },
  }
  return host
}

/** A worker does not get the hooks by which the sources run, and Node 20 takes no TypeScript as its program. */
function fromSource(url: URL): string {
  const tsx = import.meta.resolve('tsx/esm/api')
  return `import(${JSON.stringify(tsx)}).then((tsx) => { tsx.register(); return import(${JSON.stringify(url.href)}) })`
}
