import assert from 'node:assert/strict'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { freePort } from '../support/process.js'
import { callProgram } from './call-program.js'
import { silence, startFakeGateway } from './fake-gateway.js'
import { keysOf, names } from './running.js'
import { createSandbox, minimal, type Sandbox } from './sandbox.js'

describe('commands without a gateway', () => {
  let sandbox: Sandbox
  before(async () => {
    sandbox = createSandbox()
    const models = { providers: { p: { baseUrl: 'http://127.0.0.1:1/v1', models: [{ id: 'one' }] } } }
    sandbox.write(minimal({ models }, { port: await freePort() }))
  })
  after(() => sandbox.remove())
  const call = (...args: string[]) => callProgram(sandbox, args)

  test('those that only look answer, with exit code 0', async () => {
    const status = await call('gateway', 'status')
    assert.equal(status.code, 0)
    assert.match(status.stdout, /^Runtime: stopped$/m)
    assert.match(
      status.stderr,
      /^RPC probe: failed\n(.*\n)+ {2}gateway closed \(1006 abnormal closure \(no close frame\)\): no close reason\n/,
    )
    assert.equal((await call('gateway', 'status', '--require-rpc')).code, 1)
    const document = JSON.parse((await call('gateway', 'status', '--json')).stdout)
    assert.deepEqual([document.service.runtime, document.port.status, document.rpc.ok], [{ status: 'stopped' }, 'free', false])
    for (const args of [['status'], ['status', '--deep'], ['status', '--all']]) {
      const { stdout, code } = await call(...args)
      assert.equal(code, 0)
      assert.match(
        stdout.replace(/ *│\n│ +│ /g, ' '),
        /unreachable \(gateway closed \(1006 abnormal closure \(no close frame\)\): no close reason\)/,
      )
    }
    assert.match((await call('status')).stdout, /Fix reachability first: openclaw gateway probe\n$/)
    const answer = JSON.parse((await call('status', '--json', '--deep')).stdout)
    assert.deepEqual([answer.gateway.reachable, answer.health, answer.lastHeartbeat], [false, null, null])
    const models = await call('models', 'list')
    assert.deepEqual([models.code, models.stderr], [0, 'Gateway not reachable; showing the configured models.\n'])
    assert.match(models.stdout, /│ p\/one /)
    assert.equal(existsSync(join(sandbox.state, 'identity')), false, 'looking leaves nothing behind')
    assert.match((await call('sessions')).stdout, /^Session store: .*sessions\.sqlite\nSessions listed: 0\nNo sessions found\.\n$/)
  })

  test('those that need it say so once, without a stack, with exit code 1', async () => {
    for (const args of [['health'], ['health', '--json'], ['gateway', 'health', '--json'], ['devices', 'list']]) {
      const { stdout, stderr, code } = await call(...args)
      assert.deepEqual([code, stdout], [1, ''], args.join(' '))
      assert.match(stderr, /^Error: gateway closed \(1006 abnormal closure \(no close frame\)\): no close reason\nGateway target: ws:/)
      assert.doesNotMatch(stderr, /^ +at /m)
    }
    const agent = await call('agent', '--agent', 'main', '-m', 'x')
    assert.deepEqual([agent.code, agent.stdout], [1, ''])
    assert.match(agent.stderr, /^Gateway agent failed: Error: gateway closed \(1006 (.*\n)+Start the gateway with: openclaw gateway\n$/)
    const logs = await call('logs', '--follow')
    assert.deepEqual([logs.code, logs.stdout], [1, ''])
    assert.match(logs.stderr, /^Gateway not reachable\. Is it running and accessible\?\n(.*\n)+Hint: run `openclaw gateway status`\.\n$/)
    const line = JSON.parse((await call('logs', '--json')).stderr)
    assert.deepEqual(keysOf(line), names('type message error details hint'))
    assert.deepEqual(keysOf(line.details), names('url urlSource bindDetail message'))
    const probe = await call('gateway', 'probe', '--json')
    assert.equal(probe.code, 1)
    const { ok, primaryTargetId, targets } = JSON.parse(probe.stdout)
    assert.deepEqual([ok, primaryTargetId, targets[0].connect.ok, targets[0].self], [false, null, false, null])
  })

  test('an invalid file is told of, and looking goes on with what is usable', async () => {
    const broken = createSandbox()
    try {
      broken.write({ gateway: { mode: 'local', port: await freePort(), bind: 'moon' }, logging: { level: 5 } })
      for (const args of [['status'], ['gateway', 'status'], ['gateway', 'status', '--json']]) {
        const { stdout, stderr, code } = await callProgram(broken, args)
        assert.equal(code, 0, stderr)
        assert.match(stderr, /^Config invalid\nFile: ~\/\.openclaw\/openclaw\.json\nProblem:\n {2}- gateway\.bind: /)
        assert.notEqual(stdout, '')
      }
      assert.match((await callProgram(broken, ['gateway', 'status'])).stdout, /^Config \(cli\): .* \(invalid\)$/m)
      assert.equal((await callProgram(broken, ['devices', 'list'])).code, 1)
      broken.write('{ gateway: ')
      assert.equal((await callProgram(broken, ['gateway', 'status'])).code, 0)
      rmSync(broken.config)
      assert.match((await callProgram(broken, ['gateway', 'status'])).stdout, /^Config \(cli\): .* \(missing\)$/m)
    } finally {
      await broken.remove()
    }
  })

  test('remote mode reads the remote gateway; its missing URL is shown, not thrown', async () => {
    const fake = await startFakeGateway({ answer: ({ method }) => (method === 'status' ? { runtimeVersion: '9' } : undefined) })
    const away = createSandbox()
    try {
      away.write({ gateway: { mode: 'remote', port: await freePort(), remote: { url: fake.url, token: 'r' } } })
      const { gateway } = JSON.parse((await callProgram(away, ['status', '--json'])).stdout)
      assert.deepEqual(
        [gateway.mode, gateway.url, gateway.urlSource, gateway.reachable],
        ['remote', fake.url, 'config gateway.remote.url', true],
      )
      const probe = JSON.parse((await callProgram(away, ['gateway', 'probe', '--json'])).stdout)
      assert.deepEqual(
        probe.targets.map(({ id, active }: any) => [id, active]),
        [
          ['configRemote', true],
          ['localLoopback', false],
        ],
      )
      assert.equal(probe.targets[0].connect.ok, true)
      fake.options = {
        answer: ({ id }, send) => {
          send({ type: 'res', id, ok: false, error: { code: 'INVALID_REQUEST', message: 'missing scope: operator.read' } })
          return silence
        },
      }
      const limited = await callProgram(away, ['gateway', 'probe'])
      assert.equal(limited.code, 0)
      assert.match(limited.stdout, /^ {2}Connect: ok \(\d+ms\) · RPC: limited - missing scope: operator\.read$/m)
      away.write({ gateway: { mode: 'remote' } })
      const without = await callProgram(away, ['status', '--json'])
      assert.deepEqual([without.code, JSON.parse(without.stdout).gateway.misconfigured], [0, true])
    } finally {
      await Promise.all([fake.close(), away.remove()])
    }
  })
})
