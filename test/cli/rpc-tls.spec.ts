import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from '../support/process.js'
import { type Called, callProgram } from './call-program.js'
import { createSandbox, minimal, token } from './sandbox.js'

test('a certificate of its own is known to local calls; elsewhere its fingerprint can be pinned', async () => {
  const secure = createSandbox()
  const port = await freePort()
  secure.write(minimal({}, { port, tls: { enabled: true } }))
  const running = secure.start(['gateway'])
  const stranger = createSandbox()
  try {
    await running.url()
    const near = await callProgram(secure, ['gateway', 'health'])
    assert.deepEqual([near.code, near.stderr], [0, ''])
    const { fingerprint256 } = new X509Certificate(readFileSync(join(secure.state, 'gateway', 'tls', 'gateway-cert.pem')))
    const remote = (tlsFingerprint?: string) => ({
      gateway: { mode: 'remote', remote: { url: `wss://127.0.0.1:${port}`, token, ...(tlsFingerprint && { tlsFingerprint }) } },
    })
    const ask = async (document: unknown): Promise<Called> => {
      stranger.write(document)
      return callProgram(stranger, ['gateway', 'health'])
    }
    assert.match((await ask(remote())).stderr, /self-signed certificate/)
    assert.equal((await ask(remote(`sha256:${fingerprint256}`))).code, 0)
    assert.match((await ask(remote('AB:CD'))).stderr, /The gateway shows a certificate of SHA-256 .* expects another\./)
    stranger.write(remote(fingerprint256.replaceAll(':', '').toLowerCase()))
    assert.match((await callProgram(stranger, ['plugins', 'list', '--json'])).stdout, /"reachable": true/)
  } finally {
    await running.stop()
    await Promise.all([secure.remove(), stranger.remove()])
  }
})
