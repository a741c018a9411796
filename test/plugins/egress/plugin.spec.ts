import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, test, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { definePlugin, type Kernel } from 'openclaw/plugin'
import type { PluginUse } from 'openclaw'
import { Egress } from '../../../plugins/contracts/egress.js'
import { Routes } from '../../../plugins/contracts/http.js'
import egress from '../../../plugins/egress/index.js'
import { bootGateway } from '../../support/gateway.js'
import { repository } from '../../support/third-party.js'
import { bootEgress, closing, networkOf, publicAddress, serve } from './boot.js'

/** Answers what a URL answers, through the service. */
const mirror = definePlugin({
  api: 1,
  name: 'mirror',
  requires: [Egress],
  apply(kernel: Kernel<typeof Egress, never>) {
    const service = kernel.use(Egress)
    kernel.surface(Routes).tap((routes) =>
      routes.get('/mirror', { auth: 'gateway', scope: 'operator.read', raw: true }, async (_req, _res, call) => {
        const url = new URLSearchParams(call.query).get('url') as string
        const answer = await service.current.fetch({ url }, call.cancellation).catch(({ code }) => ({ status: 400, body: code }))
        call.replyText(answer.status, String(answer.body))
      }),
    )
  },
})

async function open(t: TestContext, config: Record<string, unknown>) {
  const using = (changed: Record<string, unknown>): PluginUse[] => [{ plugin: egress, config: changed }, { plugin: mirror }]
  const gateway = await bootGateway({ plugins: using(config) })
  t.after(() => gateway.close())
  const ask = (url: string, init: RequestInit = {}) => gateway.fetch(`/mirror?url=${encodeURIComponent(url)}`, init)
  return { gateway, ask, reload: (changed: Record<string, unknown>) => gateway.reload({ plugins: using(changed) }) }
}

describe('the plugin egress', () => {
  test('T-NET-02 a private address is asked only as the configuration says, which a reload changes', async (t) => {
    const server = await serve((_req, res) => res.end('inside'))
    const { ask, reload, gateway } = await open(t, {})
    const url = `http://${publicAddress}:${server.port}/x`
    assert.equal(await (await ask(url)).text(), 'egress_refused')
    await reload({ allow: [`127.1:${server.port}`] })
    assert.equal(await (await ask(url)).text(), 'inside')
    assert.equal(await (await ask(`http://127.0.0.2:${server.port}/`)).text(), 'egress_refused')
    await reload({})
    assert.equal(await (await ask(url)).text(), 'egress_refused')
    assert.equal(server.connections.length, 1)
    const lines = gateway.log
      .filter(({ from }) => from === 'egress')
      .map(({ level, message, fields }) => `${level}: ${message} ${fields?.['host']}`)
    assert.ok(lines.includes('info: A URL was not fetched. 127.0.0.1'))
    assert.ok(lines.includes('debug: A URL was fetched. 127.0.0.1'))
  })

  test('an exception that is none is an error of the configuration', async (t) => {
    const { reload } = await open(t, {})
    for (const entry of ['files.internal', '999.1.1.1:80', 'x:0', 'x:99999'])
      await assert.rejects(reload({ allow: ['ok:80', entry] }), (error: any) => {
        assert.match(JSON.stringify(error.issues), /plugins\.entries\.egress\.config\.allow\.1/)
        return true
      })
  })

  test('T-STATE-05 a reload waits for what is being fetched', async (t) => {
    let answer = () => undefined as void
    const asked = new Promise<void>((resolve) => {
      void serve((_req, res) => {
        answer = () => void res.end('late')
        resolve()
      }).then(({ port }) => started(port))
    })
    let started: (port: number) => void = () => undefined
    const port = await new Promise<number>((resolve) => (started = resolve))
    const { ask, reload } = await open(t, { allow: [`127.0.0.1:${port}`] })
    const mirrored = ask(`http://127.0.0.1:${port}/`)
    await asked
    const reloaded = reload({ allow: [], maxConcurrent: 3 })
    assert.equal(await (await ask(`http://127.0.0.1:${port}/`)).text(), 'egress_refused')
    answer()
    assert.equal(await (await mirrored).text(), 'late')
    await reloaded
  })

  test('a client that leaves takes its fetch with it', async (t) => {
    const controller = new AbortController()
    let closed: Promise<void> | undefined
    const server = await serve((req) => {
      closed = closing(req.socket)
      controller.abort()
    })
    const { ask } = await open(t, { allow: [`127.0.0.1:${server.port}`] })
    await assert.rejects(ask(`http://127.0.0.1:${server.port}/`, { signal: controller.signal }), { name: 'AbortError' })
    await closed
  })

  for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'])
    test(`T-NET-07 ${name} in the environment is not used`, async (t) => {
      const proxy = await serve((_req, res) => res.end('proxy'))
      const server = await serve((_req, res) => res.end('server'))
      for (const [key, value] of [
        [name, `http://127.0.0.1:${proxy.port}`],
        ['NODE_USE_ENV_PROXY', '1'],
      ] as const) {
        // prettier-ignore
        const before = process.env[key]
        process.env[key] = value
        t.after(() => (before === undefined ? delete process.env[key] : (process.env[key] = before)))
      }
      const { fetch } = bootEgress({ network: networkOf({ 'a.test': [publicAddress] }) })
      assert.equal((await fetch(`http://a.test:${server.port}/`)).body.toString(), 'server')
      assert.equal(proxy.connections.length, 0)
    })

  test('it loads its client with the first fetch', () => {
    const entry = pathToFileURL(join(repository, 'plugins/egress/index.ts')).href
    const script = `await import(${JSON.stringify(entry)})
      const { createRequire } = await import('node:module')
      const cached = () => Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('/undici/'))
      const before = cached()
      await import('undici')
      console.log(before, cached())`
    const args = ['-C', 'openclaw-source', '--import', 'tsx', '--input-type=module', '--eval', script]
    assert.equal(execFileSync(process.execPath, args, { cwd: repository, encoding: 'utf8' }).trim(), 'false true')
  })
})
