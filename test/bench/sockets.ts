/** What the load generator does with WebSockets. Connections of a job stay open for the next one that wants as many. */
import { beRefused, connectOperator, deviceOf, type Operator } from './operators.js'
import { benchEvent, type SocketJob } from './scene.js'
import { requestFrame } from './wire.js'

const atOnce = 32
const kept = new Map<string, Operator[]>()

/** Exactly `count` connected clients, each with a device of its own. */
async function operators({ origin, token }: SocketJob, count: number): Promise<readonly Operator[]> {
  const all = kept.get(origin) ?? []
  kept.set(origin, all)
  await Promise.all(all.splice(count).map(({ wire }) => wire.close()))
  while (all.length < count) {
    const some = Array.from({ length: Math.min(atOnce, count - all.length) }, (_, i) => deviceOf(all.length + i))
    all.push(...(await Promise.all(some.map((device) => connectOperator(origin, token, device)))))
  }
  return all
}

/** Milliseconds that every request took. */
type Times = number[]

/** Each of the clients does the same thing over and over, until it was done often enough. */
async function inPlaces({ clients, requests }: SocketJob, times: Times, once: (place: number) => Promise<void>) {
  let left = requests
  const work = async (_: unknown, place: number) => {
    while (left-- > 0) {
      const began = performance.now()
      await once(place)
      times.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: clients }, work))
}

/** Connect, and leave. */
async function handshakes(job: SocketJob, times: Times) {
  await operators(job, 0)
  await inPlaces(job, times, async (place) => {
    const { wire } = await connectOperator(job.origin, job.token, deviceOf(place))
    await wire.close()
  })
}

async function refusals(job: SocketJob, times: Times) {
  await operators(job, 0)
  await inPlaces(job, times, () => beRefused(job.origin, job.token))
}

/** Every client asks, and asks again when it was answered. */
async function requests(job: SocketJob, times: Times) {
  const all = await operators(job, job.clients)
  const frame = requestFrame(job.method)
  let left = job.requests
  let missing = job.requests
  await new Promise<void>((resolve, reject) => {
    for (const operator of all) {
      let began = 0
      const ask = () => {
        if (left-- <= 0) return
        began = performance.now()
        operator.wire.send(frame)
      }
      operator.hear(() => {
        times.push(performance.now() - began)
        if (--missing === 0) resolve()
        else ask()
      }, reject)
      ask()
    }
  })
}

/** The first client publishes, and publishes again when all have heard it. A request is a delivery. */
async function events(job: SocketJob, times: Times) {
  const all = await operators(job, job.clients)
  const frame = requestFrame(job.method)
  let left = job.requests
  await new Promise<void>((resolve, reject) => {
    const [first] = all as [Operator]
    let began = 0
    const publish = () => {
      began = performance.now()
      first.wire.send(frame)
    }
    const heard = (payload: Buffer) => {
      if (!payload.includes(`"event":"${benchEvent}"`)) return
      times.push(performance.now() - began)
      left--
      if (left === 0) resolve()
      else if (left % job.clients === 0) publish()
    }
    for (const operator of all) {
      operator.onEvent = heard
      operator.hear(() => undefined, reject)
    }
    publish()
  })
}

/** One client asks at fixed times, whether it was answered or not: an answer that is late delays no question. */
async function paced(job: SocketJob, times: Times) {
  const [operator] = (await operators(job, 1)) as [Operator]
  const frame = requestFrame(job.method)
  const asked: number[] = []
  let left = job.requests
  await new Promise<void>((resolve, reject) => {
    operator.hear(() => {
      times.push(performance.now() - (asked.shift() as number))
      if (times.length === job.requests) resolve()
    }, reject)
    const timer = setInterval(() => {
      if (left-- <= 0) return clearInterval(timer)
      asked.push(performance.now())
      operator.wire.send(frame)
    }, job.everyMs)
  })
}

const scripts = { handshakes, refusals, requests, events, paced }

/** Do a job. Answers how long each of its requests took, and all of them together. */
export async function runSockets(job: SocketJob): Promise<{ times: { whole: Times; first: Times }; seconds: number }> {
  const times: Times = []
  const began = performance.now()
  await scripts[job.script](job, times)
  return { times: { whole: times, first: [] }, seconds: (performance.now() - began) / 1_000 }
}
