/**
 * `npm run bench`: the built gateway against the floor, into RESULTS.md. `--only <text>` takes the cases with that text in
 * their name, `--rounds <n>` repeats each so often. `--profile <text>` runs one case under the profiler and prints the
 * functions that cost most. `--build <file>` measures another `cli.js`.
 */
import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bundle, product, staleSource } from './build.js'
import { idleRows, startRows } from './cold.js'
import { configFor, openScene, type Scene, tappedPath, writePublisher, writeTaps } from './contestants.js'
import { crowdRows } from './crowd-row.js'
import { httpCases } from './hot.js'
import { measure, run } from './measure.js'
import { ask } from './processes.js'
import { report } from './profile.js'
import { headersFor } from './scene.js'
import { socketCases } from './socket-cases.js'
import { results, type Row, table } from './table.js'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '12' },
    profile: { type: 'string' },
    build: { type: 'string', default: product },
  },
})
const rounds = Number(values.rounds)
const starts = 7
const idles = 5
const crowds = 5
const cases = [...httpCases, ...socketCases]
const wanted = (name: string) => values.only === undefined || name.includes(values.only)
const began = performance.now()
const tell = (what: string) => console.error(`${((performance.now() - began) / 1_000).toFixed(0).padStart(4)} s  ${what}`)

/** The servers that are compared; `flags` go to `node`. */
async function contestants(scene: Scene, floorFile: string, flags: (name: string) => readonly string[] = () => []) {
  const { token, upstream } = scene
  const gatewayWith = (name: string, paths: readonly string[]) =>
    scene.contestant(name, () => [...flags(name), values.build, 'gateway'], configFor(upstream.origin, paths))
  return {
    floor: await scene.contestant('floor', (port) => [...flags('floor'), floorFile, String(port), token, upstream.origin]),
    gateway: await gatewayWith('gateway', []),
    tapped: await gatewayWith('tapped', [await writeTaps(scene.folder)]),
    publishing: await gatewayWith('publishing', [await writePublisher(scene.folder, values.build)]),
  }
}

async function compare(scene: Scene, floorFile: string): Promise<Row[]> {
  const { floor, gateway, tapped, publishing } = await contestants(scene, floorFile)
  const rows: Row[] = []
  if (wanted('start')) {
    tell('start')
    rows.push(...(await startRows({ floor, gateway }, scene, starts)))
  }
  if (wanted('idle')) {
    tell('idle')
    rows.push(...(await idleRows({ floor, gateway }, scene, idles)))
  }
  const running = {
    floor: await floor.start(),
    gateway: await gateway.start(),
    tapped: await tapped.start(),
    publishing: await publishing.start(),
  }
  try {
    const objected = await ask(`${running.tapped.origin}${tappedPath}`, { method: 'GET', headers: headersFor(scene.token) })
    if (objected?.status !== 403) throw new Error(`The five taps are not there: ${tappedPath} answered ${objected?.status}.`)
    for (const each of cases.filter(({ name }) => wanted(name))) {
      tell(each.name)
      rows.push(...(await run(each, { ...running, direct: scene.upstream }, scene, rounds)))
    }
    if (wanted('crowd')) {
      tell('crowd')
      rows.push(...(await crowdRows(running.publishing, scene, Math.min(rounds, crowds))))
    }
  } finally {
    await Promise.all(Object.values(running).map((server) => server.stop()))
  }
  return rows
}

/** Run a case under the profiler of Node, on each of its servers in turn. */
async function profile(scene: Scene, floorFile: string, text: string) {
  const each = cases.find(({ name }) => name.includes(text))
  if (!each) throw new Error(`No case has "${text}" in its name: ${cases.map(({ name }) => name).join(' · ')}`)
  const folderOf = (name: string) => join(scene.folder, name, 'profile')
  const flags = (name: string) => ['--cpu-prof', `--cpu-prof-dir=${folderOf(name)}`, '--cpu-prof-interval=200']
  for (const [name, contestant] of Object.entries(await contestants(scene, floorFile, flags))) {
    if (!each.sides.some((side) => side === name)) continue
    const server = await contestant.start()
    let startedAt = 0
    try {
      await measure(each, server, scene)
      startedAt = performance.now()
      for (let round = 0; round < rounds; round++) await measure(each, server, scene)
    } finally {
      await server.stop()
    }
    console.log(`${each.name}: ${name}, ${report(folderOf(name), performance.now() - startedAt, each.job.requests * rounds)}\n`)
  }
}

async function main() {
  const stale = values.build === product ? staleSource() : undefined
  if (stale) tell(`${stale} is newer than the build: run \`npm run build\` to measure it`)
  const folder = await mkdtemp(join(tmpdir(), 'bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  const files = await bundle(folder)
  const scene = await openScene(folder, files)
  if (values.profile !== undefined) await profile(scene, files.floor, values.profile)
  else {
    const rows = await compare(scene, files.floor)
    console.log(table(rows))
    const text = results(rows, rounds, (performance.now() - began) / 60_000)
    if (values.only === undefined) await writeFile(new URL('RESULTS.md', import.meta.url), text)
  }
  await scene.close()
}

await main()
