import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Finished, follow } from '../cli/sandbox.js'
import { type GatewayProcess, startGatewayProcess } from '../support/process.js'
import { repository } from '../support/third-party.js'

const page = readFileSync(join(repository, 'docs/operate.md'), 'utf8')
/** The commands of one block of the page. */
const block = (heading: string): string[] => {
  const [, lines = ''] = new RegExp(`## ${heading}\\n[^#]*?\`\`\`sh\\n([^\`]+)\`\`\``).exec(page) ?? []
  return lines.trim().split('\n')
}
const exitCodes = [...page.matchAll(/^\| `(openclaw [^`]+)` +\| +(\d) \| +(\d) \| +(\d) \|$/gm)].map(
  ([, command = '', running, stopped, wrongToken]) => ({
    command,
    running: Number(running),
    stopped: Number(stopped),
    wrongToken: Number(wrongToken),
  }),
)

/** The built binary, as an operator runs it beside the gateway. */
function run(command: string, { folder }: GatewayProcess, env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  const [, ...args] = command.split(' ')
  const own = { PATH: process.env['PATH'], HOME: folder, OPENCLAW_STATE_DIR: folder, OLLAMA_HOST: '127.0.0.1:1', ...env }
  return follow(spawn(process.execPath, [join(repository, 'dist/cli.js'), ...args], { env: own, cwd: folder })).finished
}

describe('the runbook', () => {
  let gateway: GatewayProcess
  before(async () => {
    gateway = await startGatewayProcess()
  })
  after(() => gateway?.stop())

  test('every command of its blocks has its exit codes written down', () => {
    const known = exitCodes.map(({ command }) => command)
    const commands = [...block('Verify'), ...block('Readiness')]
    assert.equal(commands.length, 7)
    for (const command of commands) assert.ok(known.includes(command), command)
  })

  test('a running gateway verifies and is ready', async () => {
    const said = new Map<string, Finished>()
    for (const { command, running } of exitCodes) {
      const finished = await run(command, gateway)
      assert.equal(finished.code, running, `${command}:\n${finished.stdout}${finished.stderr}`)
      said.set(command, finished)
    }
    const status = said.get('openclaw gateway status') as Finished
    assert.match(status.stdout, new RegExp(`^Runtime: running \\(pid ${gateway.child.pid}, foreground\\)$`, 'm'))
    assert.match(status.stdout, /^RPC probe: ok$/m)
    assert.match(said.get('openclaw status')?.stdout ?? '', /reachable \d+ms · auth token/)
    assert.match(said.get('openclaw gateway probe')?.stdout ?? '', /^Reachable: yes$/m)
    assert.match(said.get('openclaw gateway probe')?.stdout ?? '', /Connect: ok \(\d+ms\) · RPC: ok/)
    assert.match(said.get('openclaw gateway health')?.stdout ?? '', /^Gateway Health\nOK \(\d+ms\)$/m)
    assert.match(said.get('openclaw health')?.stdout ?? '', /^Agents: main \(default\)$/m)
    assert.match(said.get('openclaw channels status --probe')?.stdout ?? '', /^Gateway reachable\.$/m)
    assert.match(said.get('openclaw logs --limit 20')?.stdout ?? '', /^Log file: .*gateway\.jsonl$/m)
  })

  test('a wrong token is named by each, and the gateway goes on', async () => {
    for (const { command, wrongToken } of exitCodes) {
      const { code, stdout, stderr } = await run(command, gateway, { OPENCLAW_GATEWAY_TOKEN: 'not-the-token-of-this-gateway' })
      assert.equal(code, wrongToken, `${command}:\n${stdout}${stderr}`)
      assert.match(stdout + stderr, /unauthorized: gateway token mismatch/, command)
    }
    assert.equal((await gateway.fetch('/health')).status, 200)
  })

  test('a stopped gateway is reported as stopped', async () => {
    await gateway.kill()
    for (const { command, stopped } of exitCodes) {
      const { code, stdout, stderr } = await run(command, gateway)
      assert.equal(code, stopped, `${command}:\n${stdout}${stderr}`)
      assert.doesNotMatch(stdout + stderr, /^ +at .*\.js:\d+/m, `${command} prints a stack`)
      if (command === 'openclaw gateway status') {
        assert.match(stdout, /^Runtime: stopped/m)
        assert.match(stderr, /^RPC probe: failed$/m)
      } else assert.match(stdout + stderr, /not reachable|unreachable|Reachable: no|1006|failed/, command)
    }
    gateway = await startGatewayProcess({}, { successorOf: gateway })
  })
})
