import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import http from '../../../plugins/http/index.js'
import { bootInMode, proxyHeaders, remoteHeaders } from '../../support/control-modes.js'
import { modes } from '../../support/modes.js'
import { connect, createDevice, openWire } from '../../support/operator.js'
import { pool } from '../../support/raw.js'

const listed = 'https://ui.example'
const front = { plugin: http, config: { cors: { allowedOrigins: [listed] } } }

describe('origin', () => {
  test('T-ORG-02 §1.6 a page of another origin gets a 403 and no 101, whatever the mode, the bind, the Host and the proxy', async () => {
    const foreign = [
      'http://evil.test',
      'null',
      'http://localhost.evil.test',
      'https://ui.example.evil.test',
      'http://10.0.0.9:1',
      'garbage',
      '*',
    ]
    for (const bind of ['loopback', 'lan'] as const)
      for (const mode of modes) {
        if (mode === 'none' && bind === 'lan') continue
        const { url, gateway, proof } = await bootInMode(mode, { gateway: { bind }, plugins: [front] })
        const ways: Record<string, string>[] = [proof.headers ?? {}]
        if (mode !== 'none') ways.push({ ...remoteHeaders }, { ...proxyHeaders }, { ...proxyHeaders, 'x-forwarded-host': 'ui.example' })
        await pool(
          foreign.flatMap((origin) => ways.map((headers) => ({ origin, headers }))),
          8,
          async ({ origin, headers }) => {
            await assert.rejects(
              openWire(url, { ...headers, origin }),
              /refused with 403/,
              `${bind} ${mode} ${origin} ${JSON.stringify(headers)}`,
            )
          },
        )
        assert.ok(gateway.log.some(({ message, fields }) => message.includes('browser page') && fields?.['origin'] === 'http://evil.test'))
        await gateway.close()
      }
  })

  test('T-ORG-02 §1.6 a Control UI or webchat client without an Origin gets CONTROL_UI_ORIGIN_NOT_ALLOWED, in every mode', async () => {
    const clients = [
      { id: 'openclaw-control-ui', mode: 'webchat' },
      { id: 'openclaw-control-ui', mode: 'ui' },
      { id: 'webchat-ui', mode: 'ui' },
      { id: 'cli', mode: 'webchat' },
    ]
    for (const mode of modes) {
      const { url, gateway, proof } = await bootInMode(mode)
      for (const client of clients) {
        const { wire, answer } = await connect(url, { ...proof, client, device: createDevice() })
        assert.equal(answer.error?.code, 'INVALID_REQUEST')
        assert.deepEqual(answer.error?.details, { code: 'CONTROL_UI_ORIGIN_NOT_ALLOWED', reason: 'origin missing or invalid' })
        assert.match(answer.error?.message as string, /^origin not allowed/)
        assert.deepEqual(await wire.closed, { code: 1008, reason: answer.error?.message })
      }
      await gateway.close()
    }
  })

  test('§1.6 a same, a listed and a loopback-to-loopback origin are let through, and a CLI without one is not asked', async () => {
    const { url, gateway, proof } = await bootInMode('token', { plugins: [front] })
    const client = { id: 'openclaw-control-ui', mode: 'webchat' }
    for (const origin of [
      `http://${new URL(url).host}`,
      listed,
      'HTTPS://UI.example',
      'http://localhost:5173',
      'http://127.0.0.9',
      'http://[::1]:1',
    ]) {
      const { wire, answer } = await connect(url, { ...proof, client, device: createDevice(), headers: { origin } })
      assert.equal(answer.ok, true, origin)
      await wire.close()
    }
    const { wire, answer } = await connect(url, { ...proof, client: { id: 'cli', mode: 'cli' }, device: createDevice() })
    assert.equal(answer.ok, true)
    await wire.close()
    await gateway.close()
  })

  test('§1.6 §2.9 a program with an Origin of its own kind is let through, but never paired in silence', async () => {
    const { url, gateway, proof } = await bootInMode('token')
    const headers = { origin: 'http://localhost:5173' }
    const { wire, answer } = await connect(url, { ...proof, client: { id: 'cli', mode: 'cli' }, device: createDevice(), headers })
    assert.equal(answer.error?.details.code, 'PAIRING_REQUIRED')
    await wire.closed
    await gateway.close()
  })
})
