import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { boot, type Booted, delays, framesOf, hangs, jsonOf, says, type Script, stop, text, until } from './boot.js'

const ask = [{ role: 'user' as const, content: 'hi' }]

/** Speaks as fast as it is read. */
const talks = (batches: number, size: number): Script =>
  async function* () {
    for (let i = 0; i < batches; i++) yield [text('x'.repeat(size))]
    yield [stop]
  }

describe('chat clients that go away', () => {
  let it: Booted
  before(async () => {
    it = await boot({
      main: hangs([[text('a')]]),
      early: delays(60_000, says([stop])),
      deaf: hangs([[text('a')]], true),
      endless: talks(Infinity, 1_000),
    })
  })
  after(() => it.close())

  const leave = async (model: string, stream: boolean) => {
    const gone = new AbortController()
    const request = it.post({ model: `fake/${model}`, messages: ask, stream }, { signal: gone.signal })
    const askedBefore = it.asked.length
    await until('the provider is asked', () => it.asked.length > askedBefore)
    if (stream && model !== 'early') await (await request).body?.getReader().read()
    const leftAt = performance.now()
    gone.abort()
    await request.catch(() => undefined)
    const asked = it.asked.at(-1)
    await until('the signal fires', () => asked?.abortedAt !== undefined)
    return (asked?.abortedAt as number) - leftAt
  }

  for (const [what, model, stream] of [
    ['half-way through a stream', 'main', true],
    ['before the stream began', 'early', true],
    ['waiting for a whole reply', 'main', false],
    ['of a provider that takes no notice', 'deaf', true],
    ['of an endless stream', 'endless', true],
  ] as const)
    test(`T-DOS-11 ${what}: the provider's signal fires within 500 ms`, async () => {
      assert.ok((await leave(model, stream)) < 500)
    })

  test('the openai client aborts, and nothing is reported as a failure', async () => {
    const stream = await it.client.chat.completions.create({ model: 'fake/main', messages: ask, stream: true })
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content === 'a') stream.controller.abort()
    await until('the signal fires', () => it.asked.at(-1)?.abortedAt !== undefined)
    assert.deepEqual(
      it.gateway.log.filter(({ from, level }) => (from === 'openai-chat' || from === 'inference') && level !== 'debug'),
      [],
    )
  })
})

describe('chat clients that read slowly', () => {
  const size = 4_000
  let it: Booted
  before(async () => {
    it = await boot({ main: talks(5_000, size), endless: talks(Infinity, size) }, { inference: { stalledMs: 1_000 } })
  })
  after(() => it.close())

  const openSocket = async (model: string): Promise<Socket> => {
    const socket = connect(Number(new URL(it.gateway.url).port), '127.0.0.1')
    await once(socket, 'connect')
    const body = JSON.stringify({ model: `fake/${model}`, messages: ask, stream: true })
    socket.pause()
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${it.gateway.token}\r\n` +
        `connection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    return socket
  }

  test('T-DOS-09 the provider is not read while the client does not read, and every byte arrives after all', async () => {
    const socket = await openSocket('main')
    let read = -1
    await until('the provider pauses', () => {
      const now = it.asked.at(-1)?.read ?? -1
      const paused = now > 0 && now === read
      read = now
      return paused
    })
    assert.ok(read * size < 12_000_000, `${read} of 5000 batches were read into memory`)
    let wire = ''
    socket.setEncoding('utf8').on('data', (chunk) => (wire += chunk))
    socket.resume()
    await until('the last chunk', () => wire.endsWith('0\r\n\r\n'), 10_000)
    socket.destroy()
    assert.equal(it.asked.at(-1)?.read, 5_001)
    const frames = framesOf(dechunk(wire))
    assert.equal(frames.flatMap((frame) => frame.choices?.[0]?.delta.content ?? []).join('').length, 5_000 * size)
    assert.equal(frames.at(-1), '[DONE]')
  })

  test('T-DOS-09 who does not read at all is cut off, and the run ends', async () => {
    const socket = await openSocket('endless')
    await until('the run ends', () => it.asked.at(-1)?.abortedAt !== undefined, 5_000)
    socket.destroy()
  })
})

/** The body of a chunked HTTP/1.1 answer of ASCII. */
function dechunk(wire: string): string {
  let rest = wire.slice(wire.indexOf('\r\n\r\n') + 4)
  let body = ''
  for (;;) {
    const line = rest.indexOf('\r\n')
    const size = Number.parseInt(rest.slice(0, line), 16)
    if (!size) return body
    body += rest.slice(line + 2, line + 2 + size)
    rest = rest.slice(line + 4 + size)
  }
}

describe('chat queue over the wire', () => {
  test('one runs, one waits, the third gets 429 with Retry-After', async () => {
    const it = await boot({ main: delays(300, says([text('a'), stop])) }, { inference: { maxInFlight: 1 } })
    try {
      const first = it.post({ messages: ask })
      await until('the first runs', () => it.asked.length === 1)
      const second = it.post({ messages: ask, stream: true })
      await new Promise((resolve) => setTimeout(resolve, 50))
      const third = await it.post({ messages: ask })
      assert.equal(third.status, 429)
      assert.equal(third.headers.get('retry-after'), '5')
      const { error } = await jsonOf(third)
      assert.deepEqual([error.type, error.code, error.param], ['rate_limit_error', 'too_many_runs', null])
      assert.equal(it.asked.length, 1)
      assert.equal((await first).status, 200)
      assert.equal(framesOf(await (await second).text()).at(-1), '[DONE]')
      assert.equal((await it.post({ messages: ask })).status, 200)
    } finally {
      await it.close()
    }
  })

  test('T-DOS-11 who leaves the queue makes room', async () => {
    const it = await boot({ main: hangs() }, { inference: { maxInFlight: 1 } })
    try {
      const [running, waiting] = [new AbortController(), new AbortController()]
      const first = it.post({ messages: ask }, { signal: running.signal })
      await until('the first runs', () => it.asked.length === 1)
      const second = it.post({ messages: ask }, { signal: waiting.signal })
      await new Promise((resolve) => setTimeout(resolve, 50))
      waiting.abort()
      await assert.rejects(second)
      await new Promise((resolve) => setTimeout(resolve, 50))
      const third = it.post({ messages: ask }, { signal: AbortSignal.timeout(1_000) })
      running.abort()
      await assert.rejects(first)
      await until('the third runs', () => it.asked.length === 2)
      await assert.rejects(third)
    } finally {
      await it.close()
    }
  })

  test('1,000 streams at once are all answered', async () => {
    const it = await boot({ main: delays(20, says([text('a')], [text('b'), stop])) })
    try {
      const wires = await Promise.all(Array.from({ length: 1_000 }, async () => (await it.post({ messages: ask, stream: true })).text()))
      assert.ok(wires.every((wire) => wire.endsWith('data: [DONE]\n\n') && framesOf(wire).length === 5))
    } finally {
      await it.close()
    }
  })
})
