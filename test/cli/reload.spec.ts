import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Inspection } from 'openclaw'
import { loadConfig } from 'openclaw/config'
import { assemble } from '../../cli/gateway/assemble.js'
import { evaluateFile } from '../../cli/gateway/reload.js'
import { freePort } from '../support/process.js'
import { type Child, createSandbox, minimal, type Sandbox, token } from './sandbox.js'

describe('following the configuration file', { concurrency: 3 }, () => {
  const boxes: Sandbox[] = []
  after(() => Promise.all(boxes.map((each) => each.remove())))

  /** A running gateway whose file is edited; `says` waits for the lines that an edit leads to. */
  async function running(document: unknown = minimal(), env?: Record<string, string>) {
    const sandbox = createSandbox()
    boxes.push(sandbox)
    sandbox.write(document)
    const child: Child = sandbox.start(['gateway'], env)
    const url = await child.url()
    await child.printed(/log file/)
    const get = (path: string, secret = token) => fetch(url + path, { headers: { authorization: `Bearer ${secret}` } })
    const inspect = async () => (await (await get('/__openclaw__/plugins')).json()) as Inspection
    let seen = child.output().length
    const says = async (...lines: RegExp[]) => {
      for (const line of lines) await child.printed(line, seen)
      seen = child.output().length
    }
    const edit = async (next: unknown, ...lines: RegExp[]) => {
      sandbox.write(next)
      await says(...lines)
    }
    /** Lines since the last look, after a pause in which something could have been said. */
    const quiet = async () => {
      await sleep(400)
      return child.output().slice(seen)
    }
    return { sandbox, child, url, get, inspect, edit, says, quiet }
  }

  test('good edits are applied, bad ones are refused with file, line and path, and none is forgotten', async () => {
    const { sandbox, child, inspect, get, edit, quiet } = await running()
    const { config } = sandbox
    const pid = child.process.pid
    const generation = async () => (await inspect()).generation
    await edit(
      minimal({ agents: { list: [{ id: 'one' }] } }),
      /\[reload\] config change detected; evaluating reload \(agents\)/,
      /\[reload\] config hot reload applied \(agents\)/,
    )
    assert.equal(await generation(), 2)
    const refused = (line: number, rest: string) => new RegExp(`config reload skipped \\(invalid config\\): ${config}:${line} ${rest}`)
    await edit(minimal({}, { bogus: 1 }), refused(12, 'gateway: Unrecognized key: "bogus"'))
    await edit('{ gateway: {\n', refused(2, '<root>: JSON5 parse failed: SyntaxError: JSON5: invalid end of input at 2:1'))
    await edit(minimal({ agents: { lits: [] } }), refused(14, 'agents: Unrecognized key: "lits" \\(did you mean "list"\\?\\)'))
    await edit(
      minimal({ agents: { list: [{ id: 'one', default: 'x' }] } }),
      refused(17, 'agents.list.0.default: Invalid input: expected boolean, received string'),
    )
    await edit(
      minimal({}, { auth: { mode: 'token', token: { source: 'env', id: 'GONE' } } }),
      /config reload failed: Environment variable "GONE" is missing or empty\./,
    )
    await edit(minimal({}, { auth: { mode: 'password' } }), /config reload failed: Gateway auth is set to password/)
    assert.equal(await generation(), 2, 'what ran goes on')
    // Compared with what runs, not with what was refused.
    await edit(
      minimal({ agents: { list: [{ id: 'two' }] } }),
      /evaluating reload \(agents\.list\)/,
      /config hot reload applied \(agents\.list\)/,
    )
    sandbox.write(sandbox.read())
    assert.equal(await quiet(), '', 'the same bytes are no change')
    await edit(
      minimal({ agents: { list: [{ id: 'two' }] } }, { auth: { mode: 'token', token: 'another-token-of-some-length' } }),
      /config hot reload applied \(gateway\.auth\.token\)/,
    )
    assert.equal((await get('/v1/models')).status, 401)
    assert.equal((await get('/v1/models', 'another-token-of-some-length')).status, 200)
    assert.equal(child.process.pid, pid)
    assert.equal((await child.stop()).code, 0)
  })

  test('the four modes; what waits for a restart stays pending', async () => {
    const port = await freePort()
    const document = (more: object, reload: object = { debounceMs: 20 }) => minimal({ ...more }, { port, reload })
    const { inspect, edit, sandbox, child } = await running(document({}))
    const log = (file: string) => ({ logging: { file } })
    const agents = (id: string) => ({ agents: { list: [{ id }] } })
    const born = (await inspect()).startedAt
    await edit(
      document({ ...log('hot.log'), ...agents('a') }, { mode: 'hot', debounceMs: 20 }),
      /evaluating reload \(gateway\.reload\.mode, logging, agents\)/,
      /config reload requires gateway restart; hot mode ignoring \(logging\.file\)/,
      /config hot reload applied \(gateway\.reload\.mode, agents\)/,
    )
    await edit(
      document({ ...log('hot.log'), ...agents('b') }, { mode: 'hot', debounceMs: 20 }),
      /hot mode ignoring \(logging\.file\)/,
      /applied \(agents\.list\)/,
    )
    assert.equal((await inspect()).startedAt, born, 'the same gateway')
    await edit(
      document({ ...log('hot.log'), ...agents('c') }, { mode: 'off', debounceMs: 20 }),
      /config reload disabled \(gateway\.reload\.mode=off\)/,
    )
    // Back to the default: everything that was left out is there.
    await edit(
      document({ ...log('hot.log'), ...agents('c') }),
      /evaluating reload \(gateway\.reload\.mode, logging\.file, agents\.list\)/,
      /config change requires gateway restart \(logging\.file\)/,
      /restart mode: in-process restart/,
      /log file: \S+\/\.openclaw\/hot\.log/,
    )
    const reborn = (await inspect()).startedAt
    assert.ok(reborn > born)
    await edit(
      document({ ...log('hot.log'), ...agents('d') }, { mode: 'restart', debounceMs: 20 }),
      /config change requires gateway restart \(gateway\.reload\.mode, agents\.list\)/,
      /listening on .* \(PID \d+\)/,
    )
    await edit(document({ ...log('hot.log'), ...agents('d') }), /config change applied \(dynamic reads: gateway\.reload\.mode\)/)
    assert.ok((await inspect()).startedAt > reborn)
    await child.stop()
    assert.match(readFileSync(join(sandbox.state, 'hot.log'), 'utf8'), /config change applied/, 'the log file has it too')
  })

  test('a missing file, one that comes back, a restart that fails', async () => {
    const { sandbox, child, url, says, edit, quiet } = await running()
    const before = sandbox.read()
    rmSync(sandbox.config)
    await says(/config reload retry \(1\/2\): config file not found/, /retry \(2\/2\)/, /config reload skipped \(config file not found\)/)
    sandbox.write(before)
    assert.equal(await quiet(), '')
    const taken = new URL(url).port
    await edit(
      minimal({ env: { ONE: '1' } }, { tls: { enabled: true, certPath: '/none.pem', keyPath: '/none.pem' } }),
      /config reload failed: gateway tls: cert\/key missing/,
    )
    assert.equal((await fetch(`${url}/healthz`)).status, 200)
    // The broken certificate is only found by the server itself: the restart goes back to what ran.
    for (const name of ['cert.pem', 'key.pem']) writeFileSync(join(sandbox.state, name), 'not a certificate')
    const tls = { enabled: true, certPath: join(sandbox.state, 'cert.pem'), keyPath: join(sandbox.state, 'key.pem') }
    await edit(
      minimal({}, { tls, port: Number(taken) }),
      /gateway startup failed: .*; going back to the previous configuration/,
      /listening on/,
    )
    await child.stop()
  })

  test('with no gateway left, every look at the file is another try', async () => {
    const sandbox = createSandbox()
    boxes.push(sandbox)
    sandbox.write(minimal())
    const paths = { home: sandbox.home, state: sandbox.state, config: sandbox.config }
    const env = { OLLAMA_HOST: '127.0.0.1:1' }
    const launch = { flags: { auth: {}, allowUnconfigured: false, force: false, verbose: false }, env, paths }
    const applied = await assemble(await loadConfig(sandbox.config), launch, true)
    let running = true
    const restarts: unknown[] = []
    const never = () => assert.fail('nothing to reload')
    const runner = {
      applied: () => applied,
      running: () => running,
      restart: async (next: unknown) => void restarts.push(next),
      reload: never,
      note: never,
    }
    const lines: string[] = []
    const log = new Proxy({}, { get: () => (line: string) => lines.push(line) }) as any
    const look = () => evaluateFile(launch, runner as any, log, new AbortController().signal)
    await look()
    assert.equal(restarts.length, 0, 'the same bytes')
    running = false
    await look()
    assert.equal(restarts.length, 1)
    assert.deepEqual(lines, [])
  })

  test('SIGUSR1 restarts in the same process, unless the configuration forbids it', { skip: process.platform === 'win32' }, async () => {
    const { child, sandbox, says, url, edit } = await running()
    const { pid } = child.process
    sandbox.write('{ broken')
    await says(/config reload skipped/)
    process.kill(pid as number, 'SIGUSR1')
    await says(
      /\[gateway\] signal SIGUSR1 received/,
      /\[gateway\] received SIGUSR1; restarting/,
      /restarting with the previous configuration/,
      /listening on .* \(PID \d+\)/,
    )
    const moved = /listening on wss?:\/\/([^,\s]+).*$/m.exec(child.output().slice(child.output().lastIndexOf('listening on')))?.[1]
    assert.equal((await fetch(`http://${moved}/healthz`)).status, 200)
    assert.equal(child.process.exitCode, null)
    assert.notEqual(`http://${moved}`, url)
    await edit(minimal({ commands: { restart: false } }), /config hot reload applied \(commands\)/)
    process.kill(pid as number, 'SIGUSR1')
    await says(/SIGUSR1 restart ignored \(not authorized; commands\.restart=false or use gateway tool\)\./)
    assert.equal((await child.stop('SIGTERM')).code, 0)
  })

  test('stray errors of plugins: a rejection is blamed and survived, an exception ends the process orderly', async () => {
    const sandbox = createSandbox()
    boxes.push(sandbox)
    const stray = join(sandbox.home, 'stray.mjs')
    writeFileSync(
      stray,
      `export default { api: 1, name: 'stray', apply(kernel) {
        kernel.hooks.ready.tap(() => {
          setTimeout(() => Promise.reject(new Error('nobody waits for this')), 50)
          setTimeout(() => { throw new Error('nobody catches this') }, 600)
        })
        kernel.hooks.close.tap(() => kernel.log.info('closed in order'))
      } }`,
    )
    sandbox.write(minimal({ plugins: { load: { paths: [stray] } } }))
    const child = sandbox.start(['gateway'])
    const url = await child.url()
    await child.printed(/\[gateway\] unhandled rejection in plugin "stray": Error: nobody waits for this/)
    assert.equal((await fetch(`${url}/healthz`)).status, 200)
    const { code } = await child.finished
    assert.match(child.output(), /\[gateway\] uncaught exception in plugin "stray": Error: nobody catches this/)
    assert.match(child.output(), /\[stray\] closed in order/)
    assert.equal(code, 1)
  })

  test('a plugin that will not stop is left behind at the deadline, a second signal changes nothing', { timeout: 60_000 }, async () => {
    const sandbox = createSandbox()
    boxes.push(sandbox)
    const slow = join(sandbox.home, 'slow.mjs')
    writeFileSync(
      slow,
      `export default { api: 1, name: 'slow', apply(kernel) {
        kernel.hooks.close.tap(() => new Promise((resolve) => setTimeout(resolve, 700)))
      } }`,
    )
    sandbox.write(minimal({ plugins: { load: { paths: [slow] } } }))
    const child = sandbox.start(['gateway'])
    await child.url()
    child.process.kill('SIGTERM')
    await child.printed(/received SIGTERM; shutting down/)
    child.process.kill('SIGINT')
    await child.printed(/received SIGINT during shutdown; ignoring/)
    assert.equal((await child.finished).code, 0)
  })
})
