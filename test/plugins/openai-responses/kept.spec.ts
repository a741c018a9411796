import assert from 'node:assert/strict'
import { after, afterEach, before, describe, mock, test } from 'node:test'
import type { TestGateway } from 'openclaw/testing'
import { type Database, Store } from '../../../plugins/contracts/store.js'
import { DatabaseKept } from '../../../plugins/openai-responses/database-kept.js'
import { ResponseIds } from '../../../plugins/openai-responses/ids.js'
import type { Chain, Kept } from '../../../plugins/openai-responses/kept.js'
import { MemoryKept, Shelf } from '../../../plugins/openai-responses/memory-kept.js'
import { migrations } from '../../../plugins/openai-responses/migrations.js'
import type { Retention } from '../../../plugins/openai-responses/schema.js'
import store from '../../../plugins/store/index.js'
import { bootGateway } from '../../support/gateway.js'
import { probe } from '../../support/registry.js'

const scope = { credential: 'key:a', context: '["main",null]' }
const usual: Retention = { entries: 500, maxAgeMs: 1_800_000, maxBytes: 1_000_000 }
const input = (text: string) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] })
const output = (id: string, text: string) => ({
  id,
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text }],
})

/** Says `text` in the conversation, and answers the id of the response and of its message. */
async function say(kept: Kept, text: string, previous?: Chain) {
  const ids = new ResponseIds()
  const item = ids.item('msg', 0)
  const said = JSON.stringify([output(item, text.toUpperCase())])
  const response = JSON.stringify({ id: ids.response, output: text })
  const entry = { id: ids.response, scope, lane: 'proxy' as const, previous, input: JSON.stringify([input(text)]), output: said, response }
  return { id: ids.response, item, kept: await kept.add(entry) }
}
const textsOf = (chain: Chain | undefined) => chain?.items.map((item: any) => item.content[0].text).join(' ')

let gateway: TestGateway
let opened: { current: Store }
let number = 0
before(async () => {
  const seen = probe(Store)
  gateway = await bootGateway({ plugins: [store, seen.plugin] })
  opened = seen
})
after(() => gateway.close())
afterEach(() => mock.timers.reset())

const openDatabase = (): Promise<Database> => opened.current.open({ name: `responses-${number++}`, migrations })
const kinds: Record<string, (retention: () => Retention) => Promise<Kept>> = {
  'in memory': async (retention) => new MemoryKept(new Shelf(), retention),
  'in a database': async (retention) => new DatabaseKept(await openDatabase(), retention),
}

for (const [kind, open] of Object.entries(kinds))
  describe(`kept responses ${kind}`, () => {
    const opening = (change: Partial<Retention> = {}) => open(() => ({ ...usual, ...change }))

    test('a chain is the input and output of each step, in order', async () => {
      const kept = await opening()
      let { id } = await say(kept, 'a')
      for (const text of ['b', 'c']) id = (await say(kept, text, kept.chain(id, scope, 10_000))).id
      assert.equal(textsOf(kept.chain(id, scope, 10_000)), 'a A b B c C')
      assert.deepEqual([kept.chain(id, scope, 10_000)?.lane, kept.chain(id, scope, 10_000)?.id], ['proxy', id])
    })

    test('T-API-01 what is somebody else’s is as what is not there', async () => {
      const kept = await opening()
      const { id, item } = await say(kept, 'a')
      for (const other of [
        { ...scope, credential: 'key:b' },
        { ...scope, context: '["main","x"]' },
      ]) {
        assert.equal(kept.chain(id, other, 10_000), undefined)
        assert.equal(kept.item(item, other), undefined)
      }
      assert.equal(kept.find(id, 'key:b'), undefined)
      assert.equal(await kept.remove(id, 'key:b'), false)
      assert.equal((kept.item(item, scope) as any).content[0].text, 'A')
      assert.equal(JSON.parse(kept.find(id, 'key:a')?.response ?? '').output, 'a')
      for (const strange of ['', 'msg_1', id, item.replace('msg', 'fc')]) assert.equal(kept.item(strange, scope), undefined)
    })

    test('the oldest goes first', async () => {
      const kept = await opening({ entries: 2 })
      const said = []
      for (const text of ['a', 'b', 'c']) said.push(await say(kept, text))
      assert.deepEqual(
        said.map(({ id }) => kept.find(id, scope.credential) !== undefined),
        [false, true, true],
      )
    })

    test('what is too old is gone, before anybody removes it', async () => {
      mock.timers.enable({ apis: ['Date'], now: 1_000_000 })
      const kept = await opening({ maxAgeMs: 1_000 })
      const { id, item } = await say(kept, 'a')
      mock.timers.tick(999)
      assert.ok(kept.find(id, scope.credential))
      mock.timers.tick(1)
      assert.equal(kept.find(id, scope.credential), undefined)
      assert.equal(kept.chain(id, scope, 10_000), undefined)
      assert.equal(kept.item(item, scope), undefined)
      assert.equal(await kept.remove(id, scope.credential), false)
    })

    test('bytes are bounded', async () => {
      const kept = await opening({ maxBytes: 4_000 })
      const long = 'x'.repeat(700)
      const [first, second] = [await say(kept, `a${long}`), await say(kept, `b${long}`)]
      assert.equal(kept.find(first.id, scope.credential), undefined)
      assert.ok(kept.find(second.id, scope.credential))
      assert.equal((await say(kept, 'x'.repeat(4_000))).kept, false)
      assert.ok(kept.find(second.id, scope.credential), 'what does not fit drives nothing out')
      assert.equal((await say(await opening({ entries: 0 }), 'a')).kept, false)
    })

    test('what was let go of stays in the conversations that continue it', async () => {
      const kept = await opening({ entries: 1 })
      const first = await say(kept, 'a')
      const chain = kept.chain(first.id, scope, 10_000)
      const second = await say(kept, 'b', chain)
      assert.equal(kept.chain(first.id, scope, 10_000), undefined)
      assert.equal(textsOf(kept.chain(second.id, scope, 10_000)), 'a A b B')
      const third = await say(kept, 'c', kept.chain(second.id, scope, 10_000))
      assert.equal(textsOf(kept.chain(third.id, scope, 10_000)), 'a A b B c C')
    })

    test('one that goes away while it is continued is in the conversation all the same', async () => {
      const kept = await opening()
      const first = await say(kept, 'a')
      const chain = kept.chain((await say(kept, 'b', kept.chain(first.id, scope, 10_000))).id, scope, 10_000) as Chain
      assert.equal(await kept.remove(first.id, scope.credential), true)
      assert.equal(await kept.remove(chain.id, scope.credential), true)
      const third = await say(kept, 'c', chain)
      assert.equal(textsOf(kept.chain(third.id, scope, 10_000)), 'a A b B c C')
      const fourth = await say(kept, 'd', kept.chain(third.id, scope, 10_000))
      assert.equal(textsOf(kept.chain(fourth.id, scope, 10_000)), 'a A b B c C d D')
    })

    test('a conversation has a longest length', async () => {
      const kept = await opening()
      const { id } = await say(kept, 'x'.repeat(400))
      const next = await say(kept, 'x'.repeat(400), kept.chain(id, scope, 2_000))
      assert.throws(() => kept.chain(next.id, scope, 2_000), { code: 'context_length_exceeded', param: 'previous_response_id' })
    })
  })

test('nothing is left in the database of what nobody can reach', async () => {
  let retention = usual
  const database = await openDatabase()
  const kept = new DatabaseKept(database, () => retention)
  const rows = () =>
    database.sql('SELECT count(*) AS rows, coalesce(sum(bytes), 0) AS bytes, coalesce(sum(1 - hidden), 0) AS entries FROM responses').get()
  const checked = () => {
    const { entries, bytes } = database.sql('SELECT entries, bytes FROM totals').get()
    const counted = rows()
    assert.deepEqual([entries, bytes], [counted.entries, counted.bytes])
    return counted.rows
  }
  const root = await say(kept, 'root')
  const left = await say(kept, 'left', kept.chain(root.id, scope, 10_000))
  const right = await say(kept, 'right', kept.chain(root.id, scope, 10_000))
  assert.equal(checked(), 3)
  await kept.remove(root.id, scope.credential)
  assert.equal(checked(), 3)
  await kept.remove(left.id, scope.credential)
  assert.equal(checked(), 2)
  assert.equal(textsOf(kept.chain(right.id, scope, 10_000)), 'root ROOT right RIGHT')
  await kept.remove(right.id, scope.credential)
  assert.equal(checked(), 0)
  for (const text of ['a', 'b', 'c']) await say(kept, text)
  retention = { ...usual, entries: 0 }
  await kept.prune()
  assert.equal(checked(), 0)
})
