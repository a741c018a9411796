import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import devices from '../../../plugins/devices/index.js'
import store from '../../../plugins/store/index.js'
import { bootControl } from '../../support/control.js'
import { connect, connectOperator, createDevice } from '../../support/operator.js'

const folder = await mkdtemp(join(tmpdir(), 'register-'))
after(() => rm(folder, { recursive: true, force: true }))

describe('a register of devices that cannot be opened', () => {
  test('§2.9 lets an operator on this machine in, to see what is wrong, and nobody else', async () => {
    // The state directory is a file: no database can be made in it.
    const state = join(folder, 'state')
    await writeFile(state, '')
    const gateway = await bootControl({ devices: false, plugins: [store, devices], paths: { state } })
    assert.equal(gateway.gateway.inspect().plugins.find(({ name }) => name === 'devices')?.state, 'failed')
    const operator = await connectOperator(gateway.url, { token: gateway.token })
    assert.ok(Array.isArray(await operator.call('system-presence')))
    const distant = await connect(gateway.url, {
      token: gateway.token,
      device: createDevice(),
      headers: { 'x-forwarded-for': '192.0.2.7' },
    })
      .then(({ answer }) => answer.ok)
      .catch(() => false)
    assert.equal(distant, false)
  })
})
