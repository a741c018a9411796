import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { boot, type Booted, type BootOptions, jsonOf } from './boot.js'

let it: Booted

/** Models by provider, and an agent that asks them in this order. */
async function chain(respond: NonNullable<BootOptions['respond']>, ...refs: string[]) {
  const providers: Record<string, { models: { id: string }[] }> = {}
  for (const ref of refs) {
    const [name = '', id = ''] = ref.split('/')
    ;(providers[name] ??= { models: [] }).models.push({ id })
  }
  const [primary, ...fallbacks] = refs
  it = await boot({ providers, respond, agents: { list: [{ id: 'main', model: { primary, fallbacks } }] } })
}
const seen = async (response: Response) => [
  response.status,
  response.headers.get('x-openclaw-resolved-model'),
  response.headers.get('x-openclaw-tried'),
]

describe('models that failed lately', () => {
  afterEach(() => it.close())

  test('T-DOS-12 one that asked for a pause is passed over as long as there is another, but not where the client names it', async () => {
    await chain(
      ({ body }) => (body.model === 'limited' ? { status: 429, headers: { 'retry-after': '30' } } : undefined),
      'up/limited',
      'good/echo',
    )
    assert.deepEqual(await seen(await it.chat()), [200, 'good/echo', 'up/limited, good/echo'])
    assert.deepEqual(await seen(await it.chat({ stream: true })), [200, 'good/echo', null])
    assert.deepEqual(it.asked(), ['limited', 'echo', 'echo'])
    const named = await it.chat({ model: 'up/limited' })
    assert.deepEqual([named.status, named.headers.get('retry-after')], [429, '30'])
    assert.equal(it.asked().length, 4)
  })

  test('when all of them rest, they are asked after all', async () => {
    const down = { now: true }
    await chain(() => (down.now ? { status: 503, headers: { 'retry-after': '30' } } : undefined), 'up/a', 'up/b')
    assert.equal((await it.chat()).status, 503)
    down.now = false
    assert.deepEqual(await seen(await it.chat()), [200, 'up/a', null])
  })

  test('credentials that are rejected rest every model of their provider', async () => {
    await chain(({ body }) => (body.model === 'echo' ? undefined : { status: 401 }), 'up/a', 'up/b', 'good/echo')
    assert.deepEqual(await seen(await it.chat()), [200, 'good/echo', 'up/a, good/echo'])
    assert.deepEqual(await seen(await it.chat()), [200, 'good/echo', null])
    assert.deepEqual(it.asked(), ['a', 'echo', 'echo'])
  })

  test('of several failures the client gets one after which it makes sense to try again', async () => {
    await chain(({ body }) => ({ status: body.model === 'busy' ? 503 : 401 }), 'up/busy', 'other/locked')
    const response = await it.chat()
    assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '5'])
    assert.deepEqual(it.asked(), ['busy', 'locked'])
  })
})

describe('models that keep failing', () => {
  afterEach(() => it.close())

  const failing = () => chain(({ body }) => (body.model === 'down' ? { status: 503 } : undefined), 'up/down', 'good/echo')
  const failFive = async () => {
    for (let i = 0; i < 5; i++) assert.equal((await it.chat({ model: 'up/down' })).status, 503)
    assert.equal(it.asked().length, 5)
  }

  test('T-DOS-12 after five failures the upstream is not asked: the same error comes at once, with the time to wait', async () => {
    await failing()
    await failFive()
    for (const stream of [false, true]) {
      const response = await it.chat({ model: 'up/down', stream })
      const { error } = await jsonOf(response)
      assert.deepEqual([response.status, error.code], [503, 'upstream_unavailable'])
      assert.ok(Number(response.headers.get('retry-after')) >= 4)
      assert.match(error.message, /repeatedly/)
    }
    assert.equal(it.asked().length, 5)
    assert.deepEqual(await seen(await it.chat()), [200, 'good/echo', null])
  })

  test('a reload of the plugin does not forget that, a provider that is configured anew does', async () => {
    await failing()
    await failFive()
    await it.replace(['models', 'inference', 'openai-chat'])
    assert.equal((await it.chat({ model: 'up/down' })).status, 503)
    assert.equal(it.asked().length, 5)
    await it.replace(['provider-openai'], { up: { models: [{ id: 'down' }] }, good: { models: [{ id: 'echo' }] } })
    assert.equal((await it.chat({ model: 'up/down' })).status, 503)
    assert.equal(it.asked().length, 6)
  })

  test('it is asked again by itself, and answers again', async () => {
    const down = { now: true }
    await chain(() => (down.now ? { status: 500 } : undefined), 'up/down')
    while ((await jsonOf(await it.chat())).error.message.includes('repeatedly') === false);
    const asked = it.asked().length
    down.now = false
    const until = performance.now() + 10_000
    while ((await it.chat()).status !== 200) {
      assert.ok(performance.now() < until, 'it was never asked again')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.equal(it.asked().length, asked + 1)
    assert.equal((await it.chat()).status, 200)
  })

  test('T-DOS-12 fifty at once, again and again: the upstream gets few more requests than the first fifty', async () => {
    await chain(() => ({ status: 500 }), 'up/down')
    for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 50 }, () => it.chat()))
    // Ten retries are always allowed, a tenth of the traffic besides; and it takes five failures that do not come together.
    assert.ok(it.asked().length <= 5 * 50 * 1.1 + 10, String(it.asked().length))
    const counted = it.asked().length
    assert.equal((await it.chat()).status, 502)
    assert.equal(it.asked().length, counted)
  })

  test('embeddings too', async () => {
    it = await boot({ providers: { up: { models: [{ id: 'text-embedding' }] } }, respond: () => ({ status: 503 }) })
    const embed = () =>
      it.gateway.fetch('/v1/embeddings', { method: 'POST', body: JSON.stringify({ model: 'up/text-embedding', input: 'a' }) })
    for (let i = 0; i < 6; i++) assert.equal((await embed()).status, 503)
    assert.equal(it.asked().length, 5)
  })
})
