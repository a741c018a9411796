import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type PluginUse, use } from 'openclaw'
import { definePlugin } from 'openclaw/plugin'
import { type HookInput, type HookTransform, HookTransforms } from '../../../plugins/contracts/hooks.js'
import type { MappingConfig } from '../../../plugins/hooks/schema.js'
import { compileTemplate } from '../../../plugins/hooks/template.js'
import { boot, inFrame, mapped } from './boot.js'
import { enabled } from './uses.js'

const values = {
  path: 'in',
  now: '2026-01-31T12:00:00.000Z',
  headers: { 'x-a': 'header' },
  query: { q: 'query' },
  payload: {
    a: { b: [1, { c: 'deep' }] },
    text: '{{payload.secret}}',
    secret: 'no',
    zero: 0,
    off: false,
    none: null,
    path: 'payload',
    'a-b': 'dash',
  },
}
const corpus: [template: string, text: string][] = [
  ['plain', 'plain'],
  ['{{path}} {{ now }}', 'in 2026-01-31T12:00:00.000Z'],
  ['{{headers.X-A}} {{query.q}} {{a-b}}', 'header query dash'],
  ['{{payload.a.b[1].c}} {{a.b[0]}} {{payload.path}}', 'deep 1 payload'],
  ['{{a}}', '{"b":[1,{"c":"deep"}]}'],
  ['{{zero}} {{off}} [{{none}}] [{{missing}}] [{{a.b[9]}}] [{{a.x.y}}]', '0 false [] [] [] []'],
  // What a value says is never read as a template.
  ['{{text}}', '{{payload.secret}}'],
  ['{{__proto__}}{{constructor}}{{prototype}}{{a.__proto__.toString}}{{a.constructor.name}}{{headers.constructor}}', ''],
  ['{{toString}}{{a.b.length}}{{a.b.map}}{{text.length}}{{headers.__proto__.x}}{{query.toString}}', ''],
  ['{{1+1}}{{a()}}{{process.env.HOME}}{{require("fs")}}{{globalThis}}{{#each a}}{{/each}}{{> file}}{{../x}}', ''],
  ['{{}}{{.}}{{a..b}}{{a[}}{{a[-1]}}{{a["b"]}}{{[a]}}', ''],
  ['{{a', '{{a'],
  ['{{{a-b}}}', '{dash}'],
]

const transforms = (name: string, rows: Record<string, HookTransform>): PluginUse =>
  use(
    definePlugin({
      api: 1,
      name,
      apply(kernel) {
        kernel.surface(HookTransforms).tap((table) => {
          for (const [key, transform] of Object.entries(rows)) table.add(key, transform)
        })
      },
    }),
  )

describe('hooks: templates', () => {
  test('T-HOOK-06 a template is data: it reads own values of the request, and neither computes nor reaches anything else', () => {
    for (const [template, text] of corpus) assert.equal(compileTemplate(template).render(values), text, template)
  })

  test('T-HOOK-06 fields of a payload that would control the run have no effect on a mapped one', async () => {
    const it = await boot({ hooks: mapped({ agentId: 'ops', sessionKey: 'hook:in:{{id}}' }) })
    const control = {
      agentId: 'main',
      sessionKey: 'main',
      model: 'up/other',
      tools: ['*'],
      channel: 'x',
      to: 'y',
      deliver: true,
      thinking: 'high',
    }
    const { status, json } = await it.post('/hooks/in', {
      text: 'hello',
      id: '7',
      ...control,
      allowUnsafeExternalContent: true,
      kind: 'wake',
    })
    assert.equal(status, 200)
    await it.settled()
    assert.equal(it.sessions.run(`agent:${json.runId}`)?.sessionKey, 'agent:ops:hook:in:7')
    const body = it.upstream.requests.at(-1)?.body
    assert.deepEqual([body.model, body.tools], ['echo', undefined])
    assert.equal(inFrame(it.asked().at(-1) ?? ''), 'hello')
    await it.close()
  })

  test('T-HOOK-06 a rendered session key stays below hook: or an allowed prefix, whatever the value', async () => {
    const it = await boot({ hooks: mapped({ sessionKey: '{{id}}' }) })
    for (const id of ['main', 'agent:ops:main', 'agent:main:hook:x', 'hook:x', '../x'])
      assert.deepEqual([(await it.post('/hooks/in', { text: 'x', id })).json.error], ['sessionKey must start with one of: hook:'], id)
    await it.reload(mapped({ sessionKey: 'hook:in:{{id}}' }))
    const keyOf = async (id: string) => {
      const { json } = await it.post('/hooks/in', { text: 'x', id })
      return it.sessions.run(`agent:${json.runId}`)?.sessionKey ?? ''
    }
    for (const id of ['a:b', 'a b', 'x'.repeat(129), 'ä']) assert.match(await keyOf(id), /^agent:main:hook:in:[\da-f]{32}$/, id)
    await it.close()
  })

  test('what renders to nothing is 400; a wake is one framed line', async () => {
    const it = await boot({ hooks: mapped() })
    assert.deepEqual((await it.post('/hooks/in', {})).json, { ok: false, error: 'hook mapping requires message' })
    await it.reload(mapped({ action: 'wake', textTemplate: '{{text}}' }))
    assert.deepEqual((await it.post('/hooks/in', {})).json, { ok: false, error: 'hook mapping requires text' })
    assert.deepEqual((await it.post('/hooks/in', { text: 'ring' })).json, { ok: true, mode: 'now' })
    assert.match(it.events.list().at(-1) ?? '', /^Hook "in" sent text from outside, .*: ring \([\w-]{12}\)$/)
    await it.close()
  })

  test('the preset for mail', async () => {
    const it = await boot({ hooks: enabled({ presets: ['gmail'] }) })
    const message = { id: 'm1', from: 'a@example.com', subject: 'Hi', snippet: 'short', body: 'long' }
    const { json } = await it.post('/hooks/gmail', { messages: [message] })
    await it.settled()
    assert.equal(it.sessions.run(`agent:${json.runId}`)?.sessionKey, 'agent:main:hook:gmail:m1')
    assert.equal(inFrame(it.asked().at(-1) ?? ''), 'Mail from a@example.com\nSubject: Hi\nshort\n\nlong')
    await it.close()
  })
})

describe('hooks: transforms', () => {
  test('T-HOOK-07 code is named by the id of a plugin: paths and URLs are refused', async () => {
    const it = await boot()
    for (const module of [
      './x.js',
      '/etc/x.mjs',
      '../x',
      'a/../b',
      'C:\\x.js',
      'x.js',
      'file:///x.js',
      'https://example.com/x.js',
      'data:text/javascript,export default 1',
      'node:fs',
      '@scope/x',
      '__proto__',
    ])
      await assert.rejects(it.reload(mapped({ transform: { module } })), /code is never loaded by what the configuration names/, module)
    await it.close()
  })

  test('a transform changes, skips or fails; it sees the request without credentials', async () => {
    let seen: HookInput | undefined
    const more = [
      transforms('shaper', {
        default: (input) => {
          seen = input
          return { message: 'changed', agentId: 'ops', sessionKey: 'hook:shaped', model: 5 as never }
        },
        skip: () => null,
        fail: () => {
          throw new Error('broken inside')
        },
        escape: () => ({ sessionKey: 'main' }),
      }),
    ]
    const one = (path: string, name?: string): MappingConfig => ({
      id: path,
      match: { path },
      messageTemplate: 'm',
      transform: { module: 'shaper', ...(name !== undefined && { export: name }) },
    })
    const it = await boot({ hooks: enabled({ mappings: [one('a'), one('b', 'skip'), one('c', 'fail'), one('d', 'escape')] }), more })
    const { json } = await it.post('/hooks/a?x=1', { p: 1 }, { 'x-extra': 'yes' })
    await it.settled()
    assert.equal(it.sessions.run(`agent:${json.runId}`)?.sessionKey, 'agent:ops:hook:shaped')
    assert.equal(inFrame(it.asked().at(-1) ?? ''), 'changed')
    assert.deepEqual([seen?.path, seen?.payload, seen?.url.search, seen?.headers['x-extra']], ['a', { p: 1 }, '?x=1', 'yes'])
    assert.equal(seen?.headers['authorization'], undefined)
    const skipped = await it.post('/hooks/b', {})
    assert.deepEqual([skipped.status, skipped.text], [204, ''])
    const failed = await it.post('/hooks/c', {})
    assert.deepEqual([failed.status, failed.text], [500, '{"ok":false,"error":"hook mapping failed"}'])
    assert.equal((await it.post('/hooks/d', {})).json.error, 'sessionKey must start with one of: hook:')
    await it.close()
  })
})

test('a reload that changes hooks under load loses no request', async () => {
  const it = await boot({ hooks: mapped({ action: 'wake', textTemplate: 'first' }) })
  const seen: number[] = []
  let going = true
  const clients = Array.from({ length: 4 }, async () => {
    while (going) seen.push((await it.post('/hooks/in', {})).status)
  })
  for (let at = 0; at < 10; at++) await it.reload(mapped({ action: 'wake', textTemplate: `text ${at}` }))
  going = false
  await Promise.all(clients)
  assert.ok(seen.length >= 4)
  assert.deepEqual(new Set(seen), new Set([200]))
  await it.post('/hooks/in', {})
  assert.match(it.events.list().at(-1) ?? '', /text 9/)
  await it.close()
})
