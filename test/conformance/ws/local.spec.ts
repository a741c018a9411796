import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { bootInMode, secret } from '../../support/control-modes.js'
import { connect, createDevice } from '../../support/operator.js'
import { pool } from '../../support/raw.js'

type Booted = Awaited<ReturnType<typeof bootInMode>>
let control: Booted
let behind: Booted
before(async () => {
  control = await bootInMode('token')
  behind = await bootInMode('token', { gateway: { trustedProxies: ['127.0.0.1', '::1'] } })
})
after(() => Promise.all([control.gateway.close(), behind.gateway.close()]))

/** Whether a new device with the right token is paired without anybody being asked. */
async function isSilent(url: string, headers: Record<string, string>, client: Record<string, unknown> = {}) {
  const { wire, answer } = await connect(url, { token: secret, device: createDevice(), headers, client })
  wire.socket.terminate()
  if (!answer.ok) assert.equal(answer.error?.details.code, 'PAIRING_REQUIRED', JSON.stringify(headers))
  return answer.ok
}

const loopbacks = [
  '127.0.0.1',
  '::1',
  '[::1]',
  'localhost',
  '::ffff:127.0.0.1',
  '127.1',
  '0x7f000001',
  '0.0.0.0',
  '127.0.0.1:1234',
  'for=127.0.0.1',
]
const forwarding = [
  'x-forwarded-for',
  'x-real-ip',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-server',
  'forwarded',
  'via',
  'x-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
] // prettier-ignore

describe('local connections', () => {
  test('§1.7 a loopback peer that asks for a loopback name is local: a new device that knows the token is paired in silence', async () => {
    for (const host of ['127.0.0.1', 'localhost', 'LocalHost:1', '127.9.9.9:80', '[::1]', '[::1]:18789'])
      assert.equal(await isSilent(control.url, { host }), true, host)
  })

  test('T-LOC-04 §1.7 whoever names another Host is not local, `*.ts.net` included (no Tailscale auth)', async () => {
    const hosts = [
      'nas',
      'nas.local',
      '10.0.0.1',
      '128.0.0.1',
      '[::2]',
      '[::ffff:127.0.0.1]',
      '127.0.0.1.internal',
      'localhost.local',
      'box.tail.ts.net',
      'app.localhost',
      '0.0.0.0',
      '[::]',
    ] // prettier-ignore
    for (const host of hosts) assert.equal(await isSilent(control.url, { host }), false, host)
  })

  test('T-LOC-04 §1.7 any forwarding header makes a connection one that is not local, whatever it says and whoever sends it', async () => {
    const cases = forwarding.flatMap((name) => loopbacks.map((value) => ({ name, value })))
    for (const { url } of [control, behind])
      await pool(cases, 8, async ({ name, value }) => assert.equal(await isSilent(url, { [name]: value }), false, `${name}: ${value}`))
  })

  test('T-LOC-04 a backend that says it is the gateway’s own does not skip pairing from elsewhere', async () => {
    const backend = { id: 'gateway-client', mode: 'backend' }
    assert.equal(await isSilent(control.url, {}, backend), true)
    assert.equal(await isSilent(control.url, { host: 'nas' }, backend), false)
    assert.equal(await isSilent(control.url, { 'x-forwarded-for': '127.0.0.1' }, backend), false)
    assert.equal(await isSilent(control.url, { origin: 'http://localhost' }, backend), false)
  })
})
