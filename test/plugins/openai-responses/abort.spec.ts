import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { boot, type Booted, until } from './boot.js'

describe('clients of responses that go away', () => {
  let it: Booted
  before(async () => {
    it = await boot()
  })
  after(() => it.close())

  for (const [what, headers] of [
    ['a model', {}],
    ['an agent', { 'x-openclaw-agent-id': 'main' }],
  ] as const)
    for (const [when, model, stream] of [
      ['half-way through a stream', 'up/endless', true],
      ['before a stream began', 'up/hang', true],
      ['waiting for a whole answer', 'up/hang', false],
    ] as const)
      test(`T-DOS-11 of ${what}, ${when}: the upstream request ends within 500 ms`, async () => {
        const gone = new AbortController()
        const asked = it.upstream.requests.length
        const reply = it.post({ model, input: 'hello', stream }, headers, gone.signal)
        await until('the upstream is asked', () => it.upstream.requests.length > asked)
        if (model === 'up/endless') await (await reply).body?.getReader().read()
        const leftAt = performance.now()
        gone.abort()
        await reply.catch(() => undefined)
        const request = it.upstream.requests[asked]
        await until('the upstream request is closed', () => request?.closedAt !== undefined)
        assert.ok((request?.closedAt as number) - leftAt < 500)
      })

  test('nothing is reported as a failure', () => {
    const loud = it.gateway.log.filter(({ from, level }) => ['openai-responses', 'inference'].includes(from) && level !== 'debug')
    assert.deepEqual(loud, [])
  })
})
