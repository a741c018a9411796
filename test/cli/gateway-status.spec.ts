import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { callProgram } from './call-program.js'
import { keysOf, names, type Running, startRunning } from './running.js'
import { createSandbox, token } from './sandbox.js'

describe('gateway status, probe, health and call', () => {
  let running: Running
  before(async () => {
    running = await startRunning()
  })
  after(() => running.stop())

  test('gateway status: the process, the probe, and both words for it', async () => {
    const [plain, alias] = await Promise.all([
      running.sandbox.run(['gateway', 'status']),
      running.sandbox.run(['daemon', 'status', '--require-rpc']),
    ])
    for (const { stdout, stderr, code } of [plain, alias]) {
      assert.deepEqual([code, stderr], [0, ''])
      assert.match(stdout, new RegExp(`^Runtime: running \\(pid ${running.gateway.process.pid}, foreground\\)\nRPC probe: ok$`, 'm'))
      assert.match(stdout, new RegExp(`^Gateway: bind=loopback \\(127\\.0\\.0\\.1\\), port=${running.port} \\(env/config\\)$`, 'm'))
      assert.match(
        stdout,
        /^Service: (systemd \(disabled\)|LaunchAgent \(not loaded\)|Scheduled Task \(missing\))\nFile logs: ~\/\.openclaw\/logs\/gateway\.jsonl$/m,
      )
    }
    const document = JSON.parse((await running.sandbox.run(['gateway', 'status', '--json'])).stdout)
    assert.deepEqual(keysOf(document), names('service config gateway port rpc extraServices'))
    assert.deepEqual(keysOf(document.service), names('label loaded loadedText notLoadedText command runtime configAudit'))
    assert.deepEqual(document.service.runtime, { status: 'running', pid: running.gateway.process.pid, detail: 'foreground' })
    assert.deepEqual(keysOf(document.config), names('cli daemon'))
    assert.deepEqual(document.config.cli, { path: running.sandbox.config, exists: true, valid: true })
    assert.deepEqual(keysOf(document.gateway), names('bindMode bindHost port portSource probeUrl probeNote'))
    assert.deepEqual(keysOf(document.port), names('port status listeners hints'))
    assert.deepEqual(document.rpc, { ok: true, url: `ws://127.0.0.1:${running.port}` })
    if (process.platform === 'linux')
      assert.deepEqual(keysOf(document.port.listeners[0]), names('pid ppid user command commandLine address'))
    const unprobed = await running.json('gateway', 'status', '--no-probe')
    assert.deepEqual(keysOf(unprobed), names('service config gateway port extraServices'))
  })

  test('gateway status: a wrong or missing token fails the probe, not the command', async () => {
    const wrong = await callProgram(running.sandbox, ['gateway', 'status'], { OPENCLAW_GATEWAY_TOKEN: 'a-stale-exported-token' })
    assert.equal(wrong.code, 0)
    assert.match(wrong.stderr, /^gateway connect failed: GatewayClientRequestError: unauthorized: gateway token mismatch \(/)
    assert.match(
      wrong.stderr,
      /^RPC probe: failed\nRPC target: ws:\/\/127\.0\.0\.1:\d+\n {2}gateway closed \(1008\): unauthorized: gateway token mismatch/m,
    )
    assert.match(wrong.stderr, new RegExp(`^Port ${running.port} is already in use\\.$`, 'm'))
    const required = await running.call('gateway', 'status', '--require-rpc', '--json', '--token', 'wrong-for-sure')
    assert.equal(required.code, 1)
    assert.equal(JSON.parse(required.stdout).rpc.ok, false)
    const both = await running.call('gateway', 'status', '--require-rpc', '--no-probe')
    assert.deepEqual(
      [both.code, both.stdout, both.stderr],
      [1, '', 'Gateway status failed: --require-rpc cannot be used with --no-probe.\n'],
    )
    const stranger = createSandbox()
    try {
      stranger.write({ gateway: { mode: 'local', port: running.port } })
      const missing = await callProgram(stranger, ['gateway', 'status'])
      assert.equal(missing.code, 0)
      assert.match(missing.stderr, /gateway closed \(1008\): unauthorized: gateway token missing/)
      const named = await callProgram(stranger, ['gateway', 'status', '--url', `ws://127.0.0.1:${running.port}`, '--token', token])
      assert.match(named.stdout, /^RPC probe: ok$/m)
      assert.match(named.stdout, new RegExp(`^Probe target: ws://127\\.0\\.0\\.1:${running.port}$`, 'm'))
    } finally {
      await stranger.remove()
    }
  })

  test('gateway health, call and probe', async () => {
    const health = await running.call('gateway', 'health')
    assert.match(health.stdout, /^Gateway Health\nOK \(\d+ms\)\n$/)
    const inherited = await running.call('gateway', '--token', token, 'health')
    assert.deepEqual([inherited.code, inherited.stderr], [0, ''])
    assert.equal((await running.call('gateway', '--token', 'wrong', 'health')).code, 1)
    const document = await running.json('gateway', 'health')
    const expected = 'ok ts durationMs channels channelOrder channelLabels heartbeatSeconds defaultAgentId agents sessions'
    assert.deepEqual(keysOf(document), names(expected))
    assert.deepEqual(await running.json('gateway', 'call', 'last-heartbeat'), null)
    assert.match(
      (await running.call('gateway', 'call', 'nosuch')).stderr,
      /^Gateway call failed: GatewayClientRequestError: unknown method: nosuch\n$/,
    )
    const probe = await running.call('gateway', 'probe')
    assert.match(
      probe.stdout,
      /^Gateway Status\nReachable: yes\nProbe budget: 3000ms\n\nTargets\nLocal loopback ws:\/\/127\.0\.0\.1:\d+\n {2}Connect: ok \(\d+ms\) · RPC: ok\n {2}Gateway: .* · app /,
    )
    const probed = await running.json('gateway', 'probe')
    assert.deepEqual(keysOf(probed), names('ok degraded ts durationMs timeoutMs primaryTargetId warnings network discovery targets'))
    assert.deepEqual([probed.ok, probed.degraded, probed.primaryTargetId], [true, false, 'localLoopback'])
    const [target] = probed.targets
    assert.deepEqual(keysOf(target), names('id kind url active tunnel connect self config health summary presence'))
    assert.deepEqual(keysOf(target.connect), names('ok rpcOk scopeLimited latencyMs error close'))
    assert.deepEqual(keysOf(target.self), names('host ip version platform'))
  })
})
