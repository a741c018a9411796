/** The load generator: does one job after the other for its parent process, over connections that stay open. */
import { type Dispatcher, Pool } from 'undici'
import type { Job, Outcome, SocketJob } from './scene.js'
import { runSockets } from './sockets.js'

/** A server that says nothing for so long has failed. */
const silenceMs = 20_000

const pools = new Map<string, Pool>()
function poolFor(origin: string): Pool {
  let pool = pools.get(origin)
  if (!pool) pools.set(origin, (pool = new Pool(origin, { connections: 256, headersTimeout: silenceMs, bodyTimeout: silenceMs })))
  return pool
}

/** Milliseconds, of every request of a job. */
interface Times {
  readonly whole: number[]
  readonly first: number[]
}

function send(job: Job, { whole, first }: Times): Promise<void> {
  const { method, path, headers, body = null, status, marker, first: firstMarker } = job
  return new Promise((resolve, reject) => {
    const began = performance.now()
    let waiting = firstMarker !== undefined
    let complete = false
    let answered = 0
    poolFor(job.origin).dispatch({ method, path, headers, body } as Dispatcher.DispatchOptions, {
      onRequestStart() {},
      onResponseStart(_controller, code) {
        answered = code
      },
      onResponseData(_controller, chunk) {
        if (waiting && chunk.includes(firstMarker as string)) {
          waiting = false
          first.push(performance.now() - began)
        }
        complete ||= chunk.includes(marker)
      },
      onResponseEnd() {
        whole.push(performance.now() - began)
        if (answered === status && complete && !waiting) resolve()
        else reject(new Error(`${method} ${path} at ${job.origin} answered ${answered}${complete ? '' : `, without ${marker}`}`))
      },
      onResponseError(_controller, error) {
        reject(new Error(`${method} ${path} at ${job.origin} failed: ${error.message}`))
      },
    })
  })
}

const at = (sorted: readonly number[], part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
const ascending = (times: number[]) => times.sort((a, b) => a - b)

async function runRequests(job: Job) {
  const times: Times = { whole: [], first: [] }
  let left = job.requests
  const place = async () => {
    while (left-- > 0) await send(job, times)
  }
  const together = (task: () => Promise<void>) => Promise.all(Array.from({ length: job.atOnce }, task))
  const began = performance.now()
  if (job.inWaves) for (; left > 0; left -= job.atOnce) await together(() => send(job, times))
  else await together(place)
  return { times, seconds: (performance.now() - began) / 1_000 }
}

async function run(job: Job | SocketJob): Promise<Outcome> {
  const { times, seconds } = 'script' in job ? await runSockets(job) : await runRequests(job)
  const whole = ascending(times.whole)
  return { requestsPerS: whole.length / seconds, p50Ms: at(whole, 0.5), p99Ms: at(whole, 0.99), firstMs: at(ascending(times.first), 0.5) }
}

process.on('message', (job: Job | SocketJob) => {
  run(job).then(
    (outcome) => process.send?.({ outcome }),
    (error: Error) => process.send?.({ error: error.message }),
  )
})
