import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { definePlugin, GatewayError, type Principal } from 'openclaw/plugin'
import { createTestGateway } from 'openclaw/testing'
import agents from '../../../plugins/agents/index.js'
import { Canceller } from '../../../plugins/contracts/cancellation.js'
import { type Charge, imageChars, Ledger, type Reservation } from '../../../plugins/contracts/ledger.js'
import { type ChatEvent, type ChatRequest, type ModelCall, Models, type Provider, type Usage } from '../../../plugins/contracts/models.js'
import models from '../../../plugins/models/index.js'
import { listedProvider, probe, providersPlugin } from '../../support/registry.js'

const usage: Usage = { promptTokens: 3, completionTokens: 4, totalTokens: 7 }
const said: ChatEvent = { type: 'text', text: 'a' }
const stop: ChatEvent = { type: 'finish', reason: 'stop' }
const key: Principal = { kind: 'key', id: 'k', scopes: '*' }
const question: ChatRequest = { stream: true, messages: [{ role: 'user', content: 'hello' }], maxTokens: 50 }

type Reserve = (charge: Charge) => Reservation | Promise<Reservation>
type Settled = [model: string, usage: Usage | undefined, made: boolean]

/** A gateway whose models `acme/…` do what these functions do, in this order of an agent's chain, and a ledger. */
async function open(t: TestContext, scripts: Record<string, NonNullable<Provider['chat']>>, reserve?: Reserve) {
  const charges: Charge[] = []
  const settled: Settled[] = []
  const ledger = definePlugin({
    api: 1,
    name: 'ledger-fixture',
    provides: [Ledger],
    apply: (kernel) =>
      kernel.provide(Ledger, {
        reserve(charge) {
          charges.push(charge)
          return reserve?.(charge) ?? { settle: (used, made) => void settled.push([charge.model.id, used, made]) }
        },
      }),
  })
  const ids = Object.keys(scripts)
  const provider = listedProvider('acme', ids, { chat: (id, ...rest) => (scripts[id] as NonNullable<Provider['chat']>)(id, ...rest) })
  const vectors = listedProvider('vectors', [{ id: 'v', kind: 'embedding' }], {
    embed: async (_model, { input }) => ({ vectors: input.map(() => [1]), promptTokens: 9 }),
  })
  const seen = probe(Models)
  const [primary, ...fallbacks] = ids.map((id) => `acme/${id}`)
  const gateway = await createTestGateway({
    plugins: [
      { plugin: agents, config: { defaults: { model: { primary, fallbacks } } } },
      { plugin: models, config: {} },
      providersPlugin([provider, vectors]),
      ledger,
      seen.plugin,
    ] as never,
  })
  t.after(() => gateway.close())
  const canceller = new Canceller()
  const call = (more: Partial<ModelCall<ChatRequest>> = {}) =>
    seen.current.chat({
      route: seen.current.route({ kind: 'chat' }),
      request: question,
      principal: key,
      cancellation: canceller,
      requestId: 'r1',
      ...more,
    })
  return { charges, settled, canceller, call, models: () => seen.current }
}

const says = (...batches: ChatEvent[][]): NonNullable<Provider['chat']> =>
  async function () {
    return (async function* () {
      yield* batches
    })()
  }
const refuses =
  (code: string): NonNullable<Provider['chat']> =>
  async () => {
    throw new GatewayError(code, code)
  }
const read = async (batches: AsyncIterable<readonly ChatEvent[]>) => {
  const events: ChatEvent[] = []
  for await (const batch of batches) events.push(...batch)
  return events
}

describe('models: the ledger', () => {
  test('is told of a call before it, and of what it used after it', async (t) => {
    const it = await open(t, { a: says([said], [stop], [{ type: 'usage', usage }]) })
    const answer = await it.call()
    assert.deepEqual([answer.model.key, answer.tried], ['acme/a', ['acme/a']])
    const [charge] = it.charges as [Charge]
    assert.deepEqual([charge.principal, charge.agent, charge.model.id, charge.requestId, charge.maxTokens], [key, 'main', 'a', 'r1', 50])
    assert.deepEqual(it.settled, [])
    assert.equal((await read(answer)).length, 3)
    assert.deepEqual(it.settled, [['a', usage, true]])
  })

  test('each model that is asked is a call of its own; a refusal costs nothing, silence may', async (t) => {
    const it = await open(t, { a: refuses('upstream_timeout'), b: refuses('upstream_overloaded'), c: says([said, stop]) })
    const answer = await it.call()
    assert.deepEqual(answer.tried, ['acme/a', 'acme/b', 'acme/c'])
    await read(answer)
    assert.deepEqual(it.settled, [
      ['a', undefined, true],
      ['b', undefined, false],
      ['c', undefined, true],
    ])
  })

  test('a call is over when its answer breaks, when nobody reads on, and when nobody ever read', async (t) => {
    const breaks: NonNullable<Provider['chat']> = async () =>
      (async function* () {
        yield [{ type: 'usage', usage } as ChatEvent]
        throw new GatewayError('upstream_error', 'broken')
      })()
    const broken = await open(t, { a: breaks })
    await assert.rejects(read(await broken.call()), { code: 'upstream_error' })
    assert.deepEqual(broken.settled, [['a', usage, true]])

    const left = await open(t, { a: says([said], [said], [stop]) })
    for await (const _ of await left.call()) break
    assert.deepEqual(left.settled, [['a', undefined, true]])

    const unread = await open(t, { a: says([said]) })
    await unread.call()
    unread.canceller.abort(new GatewayError('client_closed', 'gone'))
    assert.deepEqual(unread.settled, [['a', undefined, true]])
  })

  test('T-DOS-12 what does not fit is refused before the model is asked', async (t) => {
    let asked = 0
    const it = await open(
      t,
      {
        a: async () => {
          asked++
          throw new Error('asked')
        },
        b: says([stop]),
      },
      async () => {
        throw new GatewayError('spend_limit_exceeded', 'No money left.')
      },
    )
    await assert.rejects(it.call(), { code: 'spend_limit_exceeded' })
    assert.equal(asked, 0)
  })

  test('a caller that leaves while money is set aside has it back, and the model is not asked', async (t) => {
    let grant = (_reservation: Reservation) => {}
    const settled: boolean[] = []
    let asked = 0
    const it = await open(
      t,
      {
        a: async () => {
          asked++
          return (async function* () {})()
        },
      },
      () => new Promise((resolve) => (grant = resolve)),
    )
    const call = it.call()
    it.canceller.abort(new GatewayError('client_closed', 'gone'))
    grant({ settle: (_used, made) => void settled.push(made) })
    await assert.rejects(call, { code: 'client_closed' })
    assert.deepEqual([asked, settled], [0, [false]])
  })

  test('what is asked in a call is released when it is over, once', async (t) => {
    const it = await open(t, { a: refuses('upstream_unavailable'), b: says([said], [stop]) })
    const steps: string[] = []
    const trying: NonNullable<ModelCall<ChatRequest>['trying']> = ({ model }) => {
      steps.push(`try ${model.id}`)
      return () => void steps.push(`release ${model.id}`)
    }
    const answer = await it.call({ trying })
    assert.deepEqual(steps, ['try a', 'release a', 'try b'])
    await read(answer)
    it.canceller.abort(new GatewayError('client_closed', 'gone'))
    assert.deepEqual(steps, ['try a', 'release a', 'try b', 'release b'])
  })

  test('the request may be another one for each model', async (t) => {
    const seen: unknown[] = []
    const asks: NonNullable<Provider['chat']> = async (id, { maxTokens }) => {
      seen.push([id, maxTokens])
      throw new GatewayError('upstream_unavailable', id)
    }
    const it = await open(t, { a: asks, bb: asks })
    await assert.rejects(it.call({ request: ({ id }) => ({ ...question, maxTokens: id.length }) }), { code: 'upstream_unavailable' })
    assert.deepEqual(seen, [
      ['a', 1],
      ['bb', 2],
    ])
  })

  test('everything that a model reads is measured, images by what they cost', async (t) => {
    const it = await open(t, { a: says([stop]) })
    const sizeOf = async (messages: ChatRequest['messages'], more: Partial<ChatRequest> = {}) => {
      await it.call({ request: { stream: false, messages, ...more } })
      return (it.charges.at(-1) as Charge).inputChars
    }
    const plain = await sizeOf([{ role: 'user', content: 'x'.repeat(1_000) }])
    assert.ok(plain >= 1_000 && plain < 1_050, String(plain))
    const url = `data:image/png;base64,${'A'.repeat(100_000)}`
    const image = await sizeOf([{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }])
    assert.ok(image >= imageChars && image < imageChars + 50, String(image))
    const rest = await sizeOf(
      [
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: 'x'.repeat(500) } }],
        },
        { role: 'tool', tool_call_id: 'c', content: 'x'.repeat(500) },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'x'.repeat(500) },
            { type: 'refusal', refusal: 'x'.repeat(500) },
            { type: 'file', file: { file_data: 'x'.repeat(500) } },
          ],
        },
      ],
      {
        tools: [{ name: 'f', description: 'x'.repeat(500) }],
        responseFormat: { type: 'json_schema', name: 's', schema: { description: 'x'.repeat(500) } },
      },
    )
    assert.ok(rest > 3_500 && rest < 3_700, String(rest))
  })

  test('embeddings are calls too', async (t) => {
    const it = await open(t, { a: says([stop]) })
    const route = it.models().route({ model: 'vectors/v', kind: 'embedding' })
    const asked = { route, principal: undefined, cancellation: it.canceller, requestId: 'r2' }
    await it.models().embed({ ...asked, request: { input: ['abc', 'de'] } })
    await it.models().embed({ ...asked, request: { input: [[1, 2, 3]] } })
    assert.deepEqual(
      it.charges.map(({ inputChars, maxTokens, principal }) => [inputChars, maxTokens, principal]),
      [
        [5, 0, undefined],
        [12, 0, undefined],
      ],
    )
    const used = { promptTokens: 9, completionTokens: 0, totalTokens: 9 }
    assert.deepEqual(it.settled, [
      ['v', used, true],
      ['v', used, true],
    ])
  })
})
