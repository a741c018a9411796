import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import OpenAI from 'openai'
import { boot, type Booted, eventsOf, gate, lastText, lengthy, said, until } from '../runs/boot.js'
import { keysPlugin } from '../inference/boot.js'
import { framesOf, jsonOf } from './boot.js'

const hello = [{ role: 'user', content: 'hello' }]
const narrow = { kind: 'key' as const, id: 'ops', scopes: ['operator.write'], only: { models: ['up/e*'], agents: ['backed'] } }
const tools = [
  {
    type: 'function',
    function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } },
  },
]

describe('chat over HTTP with an agent', () => {
  let it: Booted
  let client: OpenAI
  const held = gate()
  before(async () => {
    it = await boot({
      agents: {
        defaults: { model: 'up/echo' },
        list: [
          { id: 'main' },
          { id: 'ops', identity: { name: 'Opal' } },
          { id: 'backed', model: { primary: 'up/overloaded', fallbacks: ['up/echo'] } },
          { id: 'hesitant', model: { primary: 'up/slow', fallbacks: ['up/echo'] } },
        ],
      },
      async respond(request) {
        if (lastText(request).startsWith('hold')) await held.opened
        if (lastText(request) === 'too late') return request.body.model === 'slow' ? { status: 503, delayMs: 1_000 } : undefined
        return lastText(request) === 'at length' ? lengthy : undefined
      },
      inference: { runTimeoutMs: 6_000, firstByteMs: 500 },
      more: [keysPlugin({ 'sk-ops': narrow })],
    })
    client = new OpenAI({ baseURL: `${it.gateway.url}/v1`, apiKey: it.gateway.token, maxRetries: 0 })
  })
  after(() => it.close())
  const post = (body: object, headers: Record<string, string> = {}, signal?: AbortSignal) =>
    it.gateway.fetch('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      ...(signal && { signal }),
    })
  const sentLast = () => it.upstream.requests.at(-1)?.body
  const keyed = (key: string) => ({ 'x-openclaw-session-key': key })

  test('the agent is told who it is, and a conversation of its own is kept for each request', async () => {
    const earlier = it.sessions.count()
    const reply = await jsonOf(await post({ model: 'openclaw/ops', messages: hello }))
    assert.equal(reply.choices[0].message.content, 'You said: hello')
    assert.equal(reply.model, 'openclaw/ops')
    assert.match(sentLast().messages[0].content, /^You are Opal, a personal assistant\./)
    await post({ model: 'openclaw/ops', messages: hello })
    assert.equal(it.sessions.count(), earlier + 2)
    const [newest] = it.sessions.list({ limit: 1 })
    assert.match(newest?.key ?? '', /^agent:ops:openai:[0-9a-f-]{36}$/)
    assert.deepEqual(said(it.sessions, newest?.key as string), ['user: hello', 'assistant: You said: hello'])
  })

  test('a named model without an agent is still exactly the request', async () => {
    const count = it.sessions.count()
    await post({ model: 'up/echo', messages: hello })
    assert.deepEqual(sentLast().messages, hello)
    assert.equal(it.sessions.count(), count)
  })

  test('a single turn with a key of its own continues the conversation, streamed or not', async () => {
    await post({ messages: [{ role: 'user', content: 'my name is Ann' }] }, keyed('mine'))
    const wire = await (
      await post(
        {
          stream: true,
          messages: [
            { role: 'system', content: 'Be brief.' },
            { role: 'user', content: 'who am I?' },
          ],
        },
        keyed(' mine '),
      )
    ).text()
    assert.equal(framesOf(wire).at(-1), '[DONE]')
    const [system, ...rest] = sentLast().messages
    assert.match(system.content, /personal assistant[\s\S]*Be brief\.$/)
    assert.deepEqual(rest, [
      { role: 'user', content: 'my name is Ann' },
      { role: 'assistant', content: 'You said: my name is Ann' },
      { role: 'user', content: 'who am I?' },
    ])
    assert.equal(said(it.sessions, 'agent:main:mine').length, 4)
  })

  test('a client that sends the conversation keeps it: exactly its messages are the context, the transcript gets the turn', async () => {
    const messages = [
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'two' },
      { role: 'user', content: 'three' },
    ]
    await post({ messages, user: 'managed' })
    await post({ messages: [...messages, { role: 'assistant', content: 'four' }, { role: 'user', content: 'five' }], user: 'managed' })
    assert.deepEqual(
      sentLast()
        .messages.slice(1)
        .map(({ content }: any) => content),
      ['one', 'two', 'three', 'four', 'five'],
    )
    assert.deepEqual(said(it.sessions, 'agent:main:openai-user:managed'), [
      'user: three',
      'assistant: You said: three',
      'user: five',
      'assistant: You said: five',
    ])
  })

  test('users whose names differ in case have sessions of their own', async () => {
    for (const user of ['ann', 'Ann']) await post({ messages: hello, user })
    const hash = createHash('sha256').update('Ann').digest('hex').slice(0, 12)
    assert.equal(said(it.sessions, 'agent:main:openai-user:ann').length, 2)
    assert.equal(said(it.sessions, `agent:main:openai-user:ann-${hash}`).length, 2)
    const strange = 'x\u0000'.repeat(300)
    assert.equal((await post({ messages: hello, user: strange })).status, 200)
    assert.ok(it.sessions.get(`agent:main:openai-user:${createHash('sha256').update(strange).digest('hex')}`))
  })

  test('keys that are malformed or of another agent are refused', async () => {
    for (const key of ['agent::x', 'agent:ops:x', 'agent:nobody:x']) {
      const reply = await post({ messages: hello }, keyed(key))
      assert.equal(reply.status, 400)
      const { error } = await jsonOf(reply)
      assert.deepEqual([error.code, error.param], ['invalid_value', 'x-openclaw-session-key'])
    }
    assert.equal((await post({ model: 'openclaw/ops', messages: hello }, keyed('agent:ops:x'))).status, 200)
  })

  test('tools of the client come back as calls, and their results go to the model', async () => {
    const first = await client.chat.completions.create(
      { model: 'openclaw', messages: hello as any, tools: tools as any },
      { headers: { 'x-openclaw-model': 'up/tools' } },
    )
    const message = first.choices[0]?.message as any
    assert.equal(first.choices[0]?.finish_reason, 'tool_calls')
    assert.equal(message.tool_calls[0].function.name, 'weather')
    const messages = [...hello, message, { role: 'tool', tool_call_id: message.tool_calls[0].id, content: 'sunny' }] as any
    const stream = client.chat.completions.stream(
      { model: 'openclaw', messages, tools: tools as any, user: 'toolbox' },
      { headers: { 'x-openclaw-model': 'up/tools' } },
    )
    assert.equal((await stream.finalChatCompletion()).choices[0]?.message.content, 'The tool says: sunny')
    const [result] = it.sessions.messages('agent:main:openai-user:toolbox', 10).map(({ message: kept }) => kept as any)
    assert.deepEqual([result.role, result.toolName, result.content[0].text], ['toolResult', 'weather', 'sunny'])
  })

  test('calls without their results do not spoil the conversation that goes on', async () => {
    const headers = { ...keyed('calls'), 'x-openclaw-model': 'up/tools' }
    await post({ messages: hello, tools }, headers)
    assert.deepEqual(said(it.sessions, 'calls'), ['user: hello', 'assistant: <toolCall>'])
    assert.equal((await post({ messages: hello }, keyed('calls'))).status, 200)
    assert.deepEqual(sentLast().messages.slice(1), [...hello, ...hello])
  })

  test('who answered after a fallback is what the reply says', async () => {
    const reply = await post({ messages: hello }, { 'x-openclaw-agent-id': 'backed' })
    assert.equal(reply.headers.get('x-openclaw-resolved-model'), 'up/echo')
    assert.equal(reply.headers.get('x-openclaw-tried'), 'up/overloaded, up/echo')
    assert.equal((await jsonOf(reply)).model, 'up/echo')
    const streamed = await post({ messages: hello, stream: true }, { 'x-openclaw-agent-id': 'backed' })
    assert.equal(streamed.headers.get('x-openclaw-resolved-model'), 'up/echo')
    assert.equal(framesOf(await streamed.text())[0].model, 'up/echo')
  })

  test('once the client was told which model answers, no other does', async () => {
    const messages = [{ role: 'user', content: 'too late' }]
    const streamed = await post({ messages, stream: true }, { 'x-openclaw-agent-id': 'hesitant' })
    assert.equal(streamed.headers.get('x-openclaw-resolved-model'), 'up/slow')
    const frames = framesOf(await streamed.text())
    assert.deepEqual([frames.at(-2).error.code, frames.at(-1)], ['upstream_unavailable', '[DONE]'])
    assert.equal(sentLast().model, 'slow')
  })

  test('T-API-02 the run of a key stays inside its list, also where the session says otherwise', async () => {
    const headers = { authorization: 'Bearer sk-ops' }
    const reply = await post({ messages: hello }, { ...headers, 'x-openclaw-agent-id': 'backed' })
    assert.deepEqual([reply.status, reply.headers.get('x-openclaw-resolved-model')], [200, 'up/echo'])
    assert.equal(reply.headers.get('x-openclaw-tried'), null)
    await post({ messages: hello }, { ...headers, ...keyed('patched'), 'x-openclaw-agent-id': 'backed' })
    const patched = await it.wire.request('sessions.patch', { key: 'agent:backed:key-ops:patched', model: 'up/vision' })
    assert.equal(patched.ok, true)
    const refused = await post({ messages: hello }, { ...headers, ...keyed('patched'), 'x-openclaw-agent-id': 'backed' })
    assert.deepEqual([refused.status, (await jsonOf(refused)).error.code], [404, 'model_not_found'])
  })

  for (const [model, status, code] of [
    ['up/status-400', 400, 'upstream_rejected'],
    ['up/status-500', 502, 'upstream_error'],
    ['up/overloaded', 503, 'upstream_unavailable'],
    ['up/nothing', 404, 'model_not_found'],
  ] as const)
    test(`${code} is an error with its status, not an answer`, async () => {
      const reply = await post({ messages: hello }, { 'x-openclaw-model': model })
      assert.equal(reply.status, status)
      assert.equal((await jsonOf(reply)).error.code, code)
    })

  test('an answer that is cut ends the stream with an error', async () => {
    const frames = framesOf(await (await post({ messages: hello, stream: true }, { 'x-openclaw-model': 'up/cut' })).text())
    assert.equal(frames.at(-1), '[DONE]')
    assert.equal(frames.at(-2).error.code, 'upstream_error')
  })

  test('T-DOS-11 a client that goes away ends the run and the upstream request within 500 ms; what was said is kept', async () => {
    const gone = new AbortController()
    const reply = await post({ messages: [{ role: 'user', content: 'at length' }], stream: true }, keyed('gone'), gone.signal)
    await reply.body?.getReader().read()
    const request = it.upstream.requests.findLast((each) => lastText(each) === 'at length')
    await until('words', () => (request?.bytesWritten ?? 0) > 500)
    const leftAt = performance.now()
    gone.abort()
    await until('the upstream request is closed', () => request?.closedAt !== undefined)
    assert.ok((request?.closedAt as number) - leftAt < 500)
    await until('it is written down', () => said(it.sessions, 'gone').length === 2)
    const [, answer] = it.sessions.messages('gone', 2).map(({ message }) => message as any)
    assert.equal(answer.stopReason, 'aborted')
    assert.match(answer.content[0].text, /^word /)
  })

  test('the deadline of the endpoint ends the run', async () => {
    const reply = await post({ messages: [{ role: 'user', content: 'hold' }] }, keyed('late'))
    assert.equal(reply.status, 504)
    assert.equal((await jsonOf(reply)).error.code, 'upstream_timeout')
    await until('no run is left', () => ![...it.runs.active()].some(({ sessionKey }) => sessionKey === 'agent:main:late'))
  })

  test('operators hear of it like of any other run', async () => {
    await post({ messages: [{ role: 'user', content: 'heard' }] }, keyed('heard'))
    const { payload } = await it.wire.event('chat', ({ sessionKey, state }) => sessionKey === 'agent:main:heard' && state === 'final')
    assert.equal(payload.message.content[0].text, 'You said: heard')
    assert.equal(eventsOf(it.wire, payload.runId, 'agent')[0]?.payload.data.phase, 'start')
  })

  test('T-SCOPE-08 its run carries who asked', async () => {
    const gone = new AbortController()
    const reply = post({ messages: [{ role: 'user', content: 'at length' }] }, keyed('whose'), gone.signal)
    const mine = () => [...it.runs.active()].find(({ sessionKey }) => sessionKey === 'agent:main:whose')
    await until('it runs', () => mine() !== undefined)
    assert.deepEqual([mine()?.kind, mine()?.principal.kind, mine()?.principal.id], ['http', 'operator', 'operator'])
    gone.abort()
    await assert.rejects(reply)
  })

  test('requests with one Idempotency-Key are one run', async () => {
    const headers = { ...keyed('once'), 'idempotency-key': 'k1' }
    const replies = await Promise.all([1, 2].map(async () => jsonOf(await post({ messages: hello }, headers))))
    assert.deepEqual(replies[0], replies[1])
    assert.equal(said(it.sessions, 'once').length, 2)
  })

  test('all bodies fit the types of the vendor', () => assert.deepEqual(it.upstream.violations, []))
})
