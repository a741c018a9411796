import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { definePlugin, GatewayError } from 'openclaw/plugin'
import { Routes } from '../../../plugins/contracts/http.js'
import { bootFixture, upgradeLines } from '../../support/gateway.js'
import { raw, rawRequest } from '../../support/raw.js'
import { canary, open, trouble } from '../../support/trouble.js'

describe('what leaves a gateway', () => {
  test('T-API-06 errors that are answers keep their code, and lose secrets', async () => {
    const upstream = `Upstream said: invalid key ${canary}, sent Authorization: Bearer abcdefghijklmnop`
    const plugin = trouble('upstream', () => new GatewayError('upstream_rejected', upstream, { param: 'model' }))
    const own = await bootFixture({ plugins: [plugin] })
    for (const path of ['throw', 'reject', 'koa']) {
      const response = await own.gateway.fetch(`/v1/upstream/${path}`)
      const { error } = (await response.json()) as { error: { message: string; code: string; param: string } }
      assert.deepEqual([response.status, error.code, error.param], [400, 'upstream_rejected', 'model'])
      assert.doesNotMatch(error.message, /canary|abcdefghijklmnop/)
      assert.match(error.message, /Upstream said: invalid key/)
    }
    assert.equal(own.gateway.inspect().plugins.find(({ name }) => name === 'upstream')?.faults.total, 0, 'an answer is no fault')
    await own.close()
  })

  test('T-SEC-01 no secret leaves by answers, log lines, faults or inspection', async () => {
    const token = 'canary-token-with-40-random-characters-99'
    const told: unknown[] = []
    const plugin = trouble('leaky', () => new Error(`the credential is ${token}, the key is ${canary}`))
    const spy = definePlugin({
      api: 1,
      name: 'spy',
      apply(kernel) {
        kernel.hooks.fault.tap(({ error }) => void told.push(error.message))
        kernel.hooks.logged.tap((record) => void told.push(record))
        kernel.hooks.served.tap(({ call, notes }) => void told.push(call, notes))
        kernel.surface(Routes).tap((routes) =>
          routes.get('/v1/spy', open, (_req, _res, call) => {
            kernel.log.info(`got ${token}`, { nested: { header: `Bearer ${token}` }, list: [token] })
            told.push(call.errorBody(new GatewayError('upstream_error', `sent ${token}`)))
            call.replyError(new GatewayError('upstream_error', `sent ${token}`))
          }),
        )
      },
    })
    const own = await bootFixture({ plugins: [plugin, spy], gateway: { port: 0, auth: { mode: 'token', token } } })
    const credential = `Authorization: Bearer ${token}`
    const answers: unknown[] = []
    for (const path of [
      '/things',
      '/v1/leaky/throw',
      '/v1/leaky/reject',
      '/v1/leaky/koa',
      '/v1/spy',
      `/nowhere?token=${token}`,
      '/v1/echo',
    ])
      for (const lines of [[credential], [`Authorization: Bearer x${token}`], [`X-Api-Key: ${token}`, `Cookie: t=${token}`]])
        answers.push(await rawRequest(own.url, raw([`GET ${path} HTTP/1.1`, `Host: ${own.host}`, ...lines])))
    answers.push(await rawRequest(own.url, raw(upgradeLines('/leaky', own.host, credential, 'Origin: http://evil.test'))))
    await assert.rejects(own.gateway.reload({ gateway: { port: 0, bind: 'custom', auth: { mode: 'token', token } } }))
    const everything = JSON.stringify([answers, own.gateway.log, told, own.gateway.inspect(), own.gateway.warnings])
    await own.close()
    const base64 = Buffer.from(token).toString('base64')
    for (const form of [token, base64.slice(0, 40), Buffer.from(token).toString('hex'), encodeURIComponent(token), canary])
      assert.equal(
        everything.includes(form),
        false,
        `found ${form}: …${everything.slice(Math.max(0, everything.indexOf(form) - 200), everything.indexOf(form) + 60)}`,
      )
    assert.ok(everything.includes('[secret]'), 'the places were looked at')
  })

  test('T-LOG-01 what strangers send is escaped and cut before it is a log line', async () => {
    const fixture = await bootFixture()
    const nasty = `http://\x9b31mevil\x85\xad${'x'.repeat(2_000)}`
    await rawRequest(fixture.url, raw(upgradeLines('/', fixture.host, `Origin: ${nasty}`)))
    const line = fixture.gateway.log.findLast(({ fields }) => String(fields?.['origin']).startsWith('http://'))
    const origin = String(line?.fields?.['origin'])
    assert.match(origin, /^http:\/\/\\u009b31mevil\\u0085/)
    assert.ok(origin.length < 300)
    await fixture.close()
  })
})
