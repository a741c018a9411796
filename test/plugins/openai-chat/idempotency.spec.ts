import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { boot, type Booted, delays, framesOf, hangs, jsonOf, refuses, says, type Script, stop, text, until } from './boot.js'

const ask = (content = 'hi') => [{ role: 'user' as const, content }]
/** Waits for `open` in the middle of its answer. */
const gated: { open: () => void; script: Script } = {
  open: () => undefined,
  script: async function* () {
    yield [text('one ')]
    await new Promise<void>((resolve) => (gated.open = resolve))
    yield [text('two'), stop]
  },
}

describe('chat Idempotency-Key', () => {
  let it: Booted
  let key = ''
  let number = 0
  before(async () => {
    it = await boot({
      main: says([text('a')], [text('b'), stop]),
      gated: gated.script,
      slow: delays(200, says([text('slow'), stop])),
      down: refuses('upstream_unavailable'),
      hang: hangs([[text('a')]]),
      large: says([text('x'.repeat(1_100_000)), stop]),
    })
  })
  after(() => it.close())
  beforeEach(() => {
    key = `key-${number++}`
    it.asked.length = 0
  })
  const post = (body: object, headers: Record<string, string> = {}, signal?: AbortSignal) =>
    it.post({ messages: ask(), ...body }, { headers: { 'idempotency-key': key, ...headers }, ...(signal && { signal }) })

  for (const stream of [false, true])
    test(`a repeated request gets the same answer again, ${stream ? 'streamed' : 'whole'}`, async () => {
      const first = await (await post({ stream })).text()
      const again = await post({ stream })
      assert.equal(again.status, 200)
      assert.equal(again.headers.get('x-openclaw-resolved-model'), 'fake/main')
      assert.equal(again.headers.get('content-type'), stream ? 'text/event-stream; charset=utf-8' : 'application/json; charset=utf-8')
      assert.equal(await again.text(), first)
      assert.equal(it.asked.length, 1)
    })

  test('a repeated request joins the running one, in the middle of the stream', async () => {
    const first = await post({ model: 'fake/gated', stream: true })
    const reader = first.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>
    let wire = ''
    const read = async () => {
      const { value } = await reader.read()
      wire += new TextDecoder().decode(value)
    }
    while (!wire.includes('one ')) await read()
    const second = await post({ model: 'fake/gated', stream: true })
    gated.open()
    while (!wire.includes('[DONE]')) await read()
    assert.equal(await second.text(), wire)
    assert.equal(it.asked.length, 1)
  })

  test('two at once are one run', async () => {
    const replies = await Promise.all([post({ model: 'fake/slow' }), post({ model: 'fake/slow' }), post({ model: 'fake/slow' })])
    const texts = await Promise.all(replies.map((reply) => reply.text()))
    assert.equal(new Set(texts).size, 1)
    assert.equal(it.asked.length, 1)
  })

  test('another body, model or key is a new run, never a conflict', async () => {
    await post({})
    for (const [body, headers] of [
      [{ messages: ask('other') }, {}],
      [{ stream: true }, {}],
      [{}, { 'x-openclaw-model': 'fake/slow' }],
      [{}, { 'idempotency-key': 'other' }],
    ] as const)
      assert.equal((await post(body, headers)).status, 200)
    assert.equal(it.asked.length, 5)
  })

  test('without a key nothing is kept', async () => {
    for (let i = 0; i < 2; i++) await it.post({ messages: ask() })
    assert.equal(it.asked.length, 2)
  })

  test('a failure is not kept', async () => {
    for (let i = 0; i < 2; i++) assert.equal((await post({ model: 'fake/down' })).status, 502)
    assert.equal(it.asked.length, 2)
  })

  test('those who joined get the failure too', async () => {
    const gone = new AbortController()
    const first = post({ model: 'fake/hang' }, {}, gone.signal)
    await until('the run starts', () => it.asked.length === 1)
    const second = post({ model: 'fake/hang' }, {}, gone.signal)
    await new Promise((resolve) => setTimeout(resolve, 50))
    gone.abort()
    await Promise.all([assert.rejects(first), assert.rejects(second)])
    await until('the signal fires', () => it.asked[0]?.abortedAt !== undefined)
    assert.equal(it.asked.length, 1)
  })

  test('the run goes on for those who stay, and ends with the last of them', async () => {
    const [one, two] = [new AbortController(), new AbortController()]
    const first = await post({ model: 'fake/gated', stream: true }, {}, one.signal)
    const second = await post({ model: 'fake/gated', stream: true }, {}, two.signal)
    one.abort()
    await assert.rejects(first.text())
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(it.asked[0]?.abortedAt, undefined)
    gated.open()
    assert.equal(framesOf(await second.text()).at(-1), '[DONE]')
    assert.equal(it.asked.length, 1)
  })

  for (const stream of [false, true])
    test(`an answer over 1 MiB is not kept, ${stream ? 'streamed' : 'whole'}`, async () => {
      const lengths = []
      for (let i = 0; i < 2; i++) lengths.push((await (await post({ model: 'fake/large', stream })).text()).length)
      assert.ok(lengths.every((length) => length > 1_100_000))
      assert.equal(it.asked.length, 2)
    })

  test('T-API-08 equal keys and bodies of two users are two runs', async () => {
    const { digestOf } = await import('../../../plugins/inference/idempotency.js')
    const digest = (kind: string, id: string) => digestOf('k', kind, id, 'main', 'fake/main', undefined, { messages: ask() })
    assert.equal(new Set([digest('user', 'ann'), digest('user', 'bob'), digest('key', 'ann')]).size, 3)
    assert.equal(digest('user', 'ann'), digest('user', 'ann'))
  })

  test('the oldest of more than 256 answers is forgotten', async () => {
    const first = key
    await post({})
    await Promise.all(Array.from({ length: 256 }, (_, i) => post({}, { 'idempotency-key': `many-${i}` })))
    it.asked.length = 0
    await post({}, { 'idempotency-key': 'many-255' })
    assert.equal(it.asked.length, 0)
    await post({}, { 'idempotency-key': first })
    assert.equal(it.asked.length, 1)
    assert.equal((await jsonOf(await post({}))).choices[0].message.content, 'ab')
  })
})
