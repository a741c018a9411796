import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { use } from 'openclaw'
import { Routes } from 'openclaw/contracts'
import { definePlugin, defineService, GatewayError, type Plugin } from 'openclaw/plugin'
import { createTestGateway, type TestGateway, type TestGatewayOptions } from 'openclaw/testing'

const scope = { auth: 'gateway', scope: 'operator.read', raw: true } as const
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const Word = defineService<{ word: string }>('word')

/** Says `word` at /say, through a service of another plugin. */
const speaker = definePlugin({
  api: 1,
  name: 'speaker',
  requires: [Word],
  apply(kernel) {
    const word = kernel.use(Word)
    kernel.surface(Routes).tap((routes) => {
      routes.get('/say', scope, (_req, _res, call) => call.replyJson(200, word.current))
      routes.get('/stream', scope, async (_req, _res, call) => {
        const stream = call.openEventStream()
        const before = word.current.word
        try {
          for (let n = 0; n < 40 && !call.signal.aborted; n++) {
            await stream.write(`data: ${n}\n\n`)
            await pause(10)
          }
          const reason = call.signal.aborted ? (call.signal.reason as GatewayError).code : 'done'
          stream.end(`data: ${before} ${word.current.word} ${reason}\n\n`)
        } catch {
          // The client went away.
        }
      })
    })
  },
})
const log: string[] = []
const wordPlugin = definePlugin({
  api: 1,
  name: 'word',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: { word: { type: 'string', default: 'one' }, live: { type: 'string', 'x-reload': 'live' } },
  } as Plugin<any, any, { word: string; live?: string }>['schema'],
  provides: [Word],
  apply(kernel) {
    const { word } = kernel.config.current as { word: string }
    kernel.provide(Word, { word })
    kernel.hooks.start.tap(() => void log.push(`start ${word}`))
    kernel.hooks.drain.tap(() => void log.push(`drain ${word}`))
    kernel.hooks.close.tap(() => void log.push(`close ${word}`))
    kernel.defer(() => void log.push(`undo ${word}`))
  },
} as Plugin)
const words = (word: string): TestGatewayOptions => ({ plugins: [use(wordPlugin, { word }), speaker] })

describe('reload', () => {
  let gateway: TestGateway
  afterEach(() => gateway?.close())
  const say = async () => ((await (await gateway.fetch('/say')).json()) as { word: string }).word

  test('a kept plugin sees the new provider at its next use; the old one is drained, closed and undone', async () => {
    log.length = 0
    gateway = await createTestGateway(words('one'))
    assert.equal(await say(), 'one')
    const report = await gateway.reload(words('two'))
    assert.deepEqual(
      report.steps.map(({ name, action }) => [name, action]),
      [
        ['koa', 'keep'],
        ['http', 'keep'],
        ['word', 'replace'],
        ['speaker', 'keep'],
      ],
    )
    assert.equal(await say(), 'two')
    await pause(50)
    assert.deepEqual(log, ['start one', 'start two', 'drain one', 'close one', 'undo one'])
  })

  test('a request in flight keeps what it uses alive until it is done', async () => {
    log.length = 0
    gateway = await createTestGateway(words('one'))
    const stream = gateway.fetch('/stream').then((answer) => answer.text())
    await pause(60)
    await gateway.reload(words('two'))
    await pause(60)
    assert.ok(!log.includes('close one'), 'closed under a running stream')
    const text = await stream
    assert.match(text, /data: 39\n\ndata: one two done/)
    await pause(60)
    assert.ok(log.includes('undo one'))
  })

  test('at the drain deadline a stream that uses what was replaced ends with a reason, others go on', async () => {
    const bystander = definePlugin({ api: 1, name: 'bystander', schema: { type: 'object' }, apply: () => undefined })
    const options = (word: string, n: number) => ({
      plugins: [...(words(word).plugins ?? []), use(bystander, { n })],
      limits: { drainMs: 50 },
    })
    gateway = await createTestGateway(options('one', 1))
    const kept = gateway.fetch('/stream').then((answer) => answer.text())
    await pause(30)
    await gateway.reload(options('one', 2))
    assert.match(await kept, /one one done/)
    const cut = gateway.fetch('/stream').then((answer) => answer.text())
    await pause(30)
    await gateway.reload(options('two', 2))
    assert.match(await cut, /one two shutting_down/)
  })

  test('live config changes the running plugin in place', async () => {
    log.length = 0
    gateway = await createTestGateway({ plugins: [use(wordPlugin, { word: 'one', live: 'a' } as never), speaker] })
    const report = await gateway.reload({ plugins: [use(wordPlugin, { word: 'one', live: 'b' } as never), speaker] })
    assert.equal(report.steps.find(({ name }) => name === 'word')?.action, 'update')
    assert.deepEqual(log, ['start one'])
  })

  test('an exclusive plugin starts after its predecessor stopped', async () => {
    log.length = 0
    const exclusive = { ...wordPlugin, exclusive: true }
    gateway = await createTestGateway({ plugins: [use(exclusive, { word: 'one' }), speaker] })
    await gateway.reload({ plugins: [use(exclusive, { word: 'two' }), speaker] })
    assert.deepEqual(log, ['start one', 'drain one', 'close one', 'undo one', 'start two'])
    assert.equal(await say(), 'two')
  })

  test('a moved port is bound before the commit; a taken one refuses the reload', async () => {
    gateway = await createTestGateway(words('one'))
    const before = gateway.url
    const other = await createTestGateway()
    const taken = Number(new URL(other.url).port)
    await assert.rejects(gateway.reload({ ...words('two'), gateway: { port: taken } }), /already listening/)
    assert.equal(gateway.url, before)
    assert.equal(await say(), 'one')
    await other.close()
    await gateway.reload({ ...words('two'), gateway: { port: taken } })
    assert.equal(new URL(gateway.url).port, String(taken))
    assert.equal(await say(), 'two')
    await assert.rejects(fetch(`${before}/say`))
  })

  test('other listener settings on the same number keep it; a refused one leaves the old listening', async () => {
    gateway = await createTestGateway(words('one'))
    const before = gateway.url
    await gateway.reload({ ...words('two'), limits: { headerTimeoutMs: 5_000 } })
    assert.equal(gateway.url, before)
    assert.equal(await say(), 'two')
    await assert.rejects(gateway.reload({ ...words('one'), gateway: { bind: 'custom', customBindHost: '203.0.113.1' } }), /failed to bind/)
    assert.equal(gateway.url, before)
    assert.equal(await say(), 'two')
  })

  for (const [what, broken, named] of [
    [
      'a throwing apply',
      {
        apply: () => {
          throw new Error('boom')
        },
      },
      /"broken" failed in apply: boom/,
    ],
    ['an apply that answers a promise', { apply: async () => undefined }, /apply must be synchronous/],
    [
      'a failing start',
      { apply: (kernel: any) => kernel.hooks.start.tap(() => Promise.reject(new Error('boom'))) },
      /failed in start: boom/,
    ],
    [
      'a failing validate',
      {
        apply: (kernel: any) =>
          kernel.hooks.validate.tap(() => {
            throw new Error('boom')
          }),
      },
      /failed in validate: boom/,
    ],
    [
      'T-ROUTE-03 a duplicate row',
      { apply: (kernel: any) => kernel.surface(Routes).tap((r: any) => r.get('/say', scope, () => undefined)) },
      /routes already has "GET \/say" from plugin "speaker"; plugin "broken"/,
    ],
    ['a missing service', { requires: [{ id: 'nobody' }], apply: () => undefined }, /needs "nobody", which no enabled plugin provides/],
    ['an undeclared service', { apply: (kernel: any) => kernel.use(Word) }, /"word" is not in requires/],
    ['another contract', { api: 2, apply: () => undefined }, /speaks contract 2, this gateway speaks 1/],
    [
      'a tap after apply',
      { apply: (kernel: any) => kernel.hooks.start.tap(() => kernel.hooks.served.tap(() => undefined)) },
      /must be registered in apply/,
    ],
  ] as const) {
    test(`${what}: a reload is refused and changes nothing, at boot that plugin is off or failed and the rest runs`, async () => {
      const plugin = { api: 1, name: 'broken', ...broken } as unknown as Plugin
      gateway = await createTestGateway(words('one'))
      const before = gateway.inspect()
      await assert.rejects(gateway.reload({ plugins: [...(words('two').plugins ?? []), plugin] }), named)
      assert.deepEqual({ ...gateway.inspect(), plugins: [] }, { ...before, plugins: [] })
      assert.equal(await say(), 'one')
      await gateway.close()
      gateway = await createTestGateway({ plugins: [...(words('two').plugins ?? []), plugin] })
      assert.equal(await say(), 'two')
      const state = gateway.inspect().plugins.find(({ name }) => name === 'broken')
      assert.match(state?.reason ?? '', named)
    })
  }

  test('what needs a plugin that is off is off too, and says because of whom', async () => {
    gateway = await createTestGateway({ plugins: [use(wordPlugin, { word: 7 } as never), speaker] })
    const [off] = gateway.inspect().plugins.filter(({ name }) => name === 'speaker')
    assert.equal(off?.state, 'off')
    assert.match(off?.reason ?? '', /needs "word"/)
    assert.equal((await gateway.fetch('/say')).status, 404)
  })

  test('a plugin whose start fails is retried until it starts, and so is what waits for it', async () => {
    let failures = 1
    const flaky = {
      ...wordPlugin,
      apply: (kernel: any) => {
        wordPlugin.apply(kernel)
        kernel.hooks.start.tap(() => {
          if (failures-- > 0) throw new Error('not yet')
        })
      },
    }
    gateway = await createTestGateway({ plugins: [use(flaky, { word: 'one' }), speaker] })
    const states = () =>
      gateway
        .inspect()
        .plugins.filter(({ name }) => ['word', 'speaker'].includes(name))
        .map(({ state }) => state)
    assert.deepEqual(states(), ['failed', 'failed'])
    assert.equal((await gateway.fetch('/say')).status, 503)
    for (let n = 0; n < 100 && states().includes('failed'); n++) await pause(50)
    assert.deepEqual(states(), ['active', 'active'])
    assert.equal(await say(), 'one')
  })

  test('a burst of reloads runs the first and the newest', async () => {
    gateway = await createTestGateway(words('w0'))
    const reports = await Promise.all(Array.from({ length: 20 }, (_, n) => gateway.reload(words(`w${n + 1}`))))
    assert.equal(await say(), 'w20')
    assert.ok(new Set(reports.map(({ generation }) => generation)).size <= 2)
  })
})
