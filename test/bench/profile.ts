import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Node {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}
/** What `node --cpu-prof` writes; times are microseconds. */
interface Profile {
  readonly nodes: readonly Node[]
  readonly endTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const shown = 32
const pathComment = /^\s*\/\/ ((?:core|plugins|cli|node_modules)\/\S+)$/

/** Where a function of a bundle was written: the bundler leaves the path of each module before its code. */
function createOrigins() {
  const files = new Map<string, string[]>()
  return ({ url, lineNumber }: Node['callFrame']): string => {
    if (!url.startsWith('file:')) return url
    const path = fileURLToPath(url)
    const lines = files.get(path) ?? readFileSync(path, 'utf8').split('\n')
    files.set(path, lines)
    for (let line = lineNumber; line >= 0; line--) {
      const origin = pathComment.exec(lines[line] ?? '')?.[1]
      if (origin !== undefined) return `${origin.replace(/^node_modules\//, '')} (${path.split('/').at(-1)}:${lineNumber + 1})`
    }
    return `${path.split('/').at(-1)}:${lineNumber + 1}`
  }
}

/** Microseconds by node, of the last `lastMs` before the end. */
function selfTimes({ samples, timeDeltas, endTime }: Profile, lastMs: number): Map<number, number> {
  const times = new Map<number, number>()
  let time = endTime
  for (let i = samples.length - 1; i >= 0 && endTime - time < lastMs * 1_000; i--) {
    const delta = timeDeltas[i] as number
    times.set(samples[i] as number, (times.get(samples[i] as number) ?? 0) + delta)
    time -= delta
  }
  return times
}

/** Self and total time of every function. One that calls itself counts once. */
function totals(profile: Profile, self: ReadonlyMap<number, number>) {
  const originOf = createOrigins()
  const byId = new Map(profile.nodes.map((node) => [node.id, node]))
  const sums = { self: new Map<string, number>(), total: new Map<string, number>() }
  const add = (into: Map<string, number>, name: string, us: number) => into.set(name, (into.get(name) ?? 0) + us)
  const visit = (id: number, above: readonly string[]): number => {
    const { callFrame, children = [] } = byId.get(id) as Node
    const name = `${callFrame.functionName || '(anonymous)'}  ${originOf(callFrame)}`
    const own = self.get(id) ?? 0
    add(sums.self, name, own)
    const path = [...above, name]
    const whole = children.reduce((sum, child) => sum + visit(child, path), own)
    if (!above.includes(name)) add(sums.total, name, whole)
    return whole
  }
  visit((profile.nodes[0] as Node).id, [])
  return sums
}

/**
 * The functions that cost most in the last `lastMs` of the profile in `folder`, in microseconds for each of `requests`. The
 * profiler goes by the clock: on a busy machine system calls look dearer than they are.
 */
export function report(folder: string, lastMs: number, requests: number): string {
  const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'))
  if (file === undefined) throw new Error('The server wrote no profile.')
  const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile
  const { self, total } = totals(profile, selfTimes(profile, lastMs))
  const busy = [...self].filter(([name]) => !name.startsWith('(idle)')).reduce((sum, [, us]) => sum + us, 0)
  const list = (times: ReadonlyMap<string, number>, wanted: (name: string) => boolean) =>
    [...times]
      .filter(([name]) => wanted(name))
      .sort(([, a], [, b]) => b - a)
      .slice(0, shown)
      .map(([name, us]) => `${(us / requests).toFixed(2).padStart(8)}  ${((us / busy) * 100).toFixed(1).padStart(5)} %  ${name}`)
      .join('\n')
  const ours = list(total, (name) => /  (?:core|plugins)\//.test(name))
  return [
    `${(busy / requests).toFixed(1)} µs a request`,
    `Self, µs a request:\n${list(self, (name) => !name.startsWith('(idle)'))}`,
    ...(ours === '' ? [] : [`Total, of functions in core and plugins:\n${ours}`]),
  ].join('\n\n')
}
