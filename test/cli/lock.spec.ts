import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { acquireLock } from '../../cli/gateway/lock.js'
import { isRunning, isSupervised, ownIdentity } from '../../cli/gateway/process.js'
import { type Child, bundle, follow } from './sandbox.js'

describe('instance lock', () => {
  let folder = ''
  let locks = ''
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lock-'))
    locks = join(folder, 'locks')
    mkdirSync(locks)
    await bundle({ lock: 'cli/gateway/lock.ts' }, folder)
    writeFileSync(
      join(folder, 'contend.mjs'),
      `import { acquireLock } from './lock.mjs'
       const [config, state, locks] = process.argv.slice(2)
       try {
         await acquireLock({ config, state }, locks, 700)
         console.log('holding')
         setInterval(() => {}, 1000)
       } catch (error) { console.log(error.message) }`,
    )
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  /** A process that takes the lock, says so and holds it until it is ended. */
  const contender = (config: string, state: string): Child =>
    follow(spawn(process.execPath, [join(folder, 'contend.mjs'), config, state, locks], { env: {} }))

  test('T-STATE-02 of twenty starts exactly one runs; a killed holder is succeeded, also when its number is used again', async () => {
    const place = { config: join(folder, 'race.json'), state: join(folder, 'race') }
    const all = Array.from({ length: 20 }, () => contender(place.config, place.state))
    const refused = await Promise.all(
      all.map((child) =>
        Promise.race([child.printed(/holding/).then(() => undefined), child.finished.then(({ stdout }) => stdout.trim())]),
      ),
    )
    const holders = all.filter((_, at) => refused[at] === undefined)
    assert.equal(holders.length, 1)
    const pid = holders[0]?.process.pid
    for (const text of refused.filter((each) => each !== undefined))
      assert.match(text, new RegExp(`^gateway already running \\(pid ${pid}\\); lock timeout after 700ms$`))
    await holders[0]?.stop('SIGKILL')
    const name = readdirSync(locks).find((entry) => entry.includes(`.${pid}-`))
    assert.ok(name, 'a killed process leaves its lock')
    // The same number, another start time: some other process got it.
    writeFileSync(join(locks, name.replace(/\d+-\d+/, `${process.pid}-1`)), '')
    const release = await acquireLock(place, locks)
    assert.equal(readdirSync(locks).filter((entry) => entry.startsWith(name.slice(0, 17))).length, 1, 'dead ones are cleared')
    release()
    assert.deepEqual(readdirSync(locks), [])
  })

  test('T-STATE-02 the same state under another configuration is refused, and the other way round', { timeout: 60_000 }, async () => {
    const [one, two] = ['one', 'two'].map((name) => join(folder, name)) as [string, string]
    const first = contender(`${one}.json`, one)
    await first.printed(/holding/)
    const others = [contender(`${two}.json`, one), contender(`${one}.json`, two), contender(`${folder}/./one.json`, two)]
    for (const { stdout } of await Promise.all(others.map(({ finished }) => finished))) assert.match(stdout, /already running/)
    const stranger = contender(`${two}.json`, two)
    await stranger.printed(/holding/)
    await Promise.all([first.stop(), stranger.stop()])
  })

  test('T-STATE-02 a process is who it is by number and start time', async () => {
    assert.equal(await isRunning(ownIdentity()), true)
    assert.equal(await isRunning({ ...ownIdentity(), startTime: 1 }), false)
    assert.equal(await isRunning({ pid: 2 ** 22 + 1 }), false)
    assert.equal(isSupervised({ INVOCATION_ID: 'x' }), true)
    assert.equal(isSupervised({ INVOCATION_ID: 'x' }, true), false, 'a person at a terminal that a service started')
    assert.equal(isSupervised({ XPC_SERVICE_NAME: '0', TERM: 'xterm' }), false)
  })
})
