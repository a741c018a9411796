import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import agents from '../../../plugins/agents/index.js'
import inference from '../../../plugins/inference/index.js'
import keys from '../../../plugins/keys/index.js'
import models from '../../../plugins/models/index.js'
import openaiChat from '../../../plugins/openai-chat/index.js'
import providerOpenai from '../../../plugins/provider-openai/index.js'
import runs from '../../../plugins/runs/index.js'
import sessions from '../../../plugins/sessions/index.js'
import store from '../../../plugins/store/index.js'
import wsProtocol from '../../../plugins/ws-protocol/index.js'
import { endpoints } from './boot.js'

describe('conversations of keys', () => {
  const it = endpoints((upstream) => ({
    plugins: [
      wsProtocol,
      store,
      keys,
      { plugin: agents, config: { defaults: { model: 'fake/m' } } },
      models,
      { plugin: providerOpenai, config: { fake: { baseUrl: upstream.baseUrl, models: [{ id: 'm' }] } } },
      sessions,
      runs,
      inference,
      openaiChat,
    ],
  }))

  /** Say something in a conversation: all that the model was shown, as one text. */
  async function say(bearer: string, content: string, { session, user }: { session?: string; user?: string }): Promise<string> {
    const answer = await fetch(`${it.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, ...(session !== undefined && { 'x-openclaw-session-key': session }) },
      body: JSON.stringify({ model: 'openclaw', user, messages: [{ role: 'user', content }] }),
    })
    assert.equal(answer.status, 200, await answer.text())
    return JSON.stringify(it.upstream.requests.at(-1)?.body.messages)
  }

  test('a key with a spend limit is refused while nobody counts, and the model is not asked; one without goes on', async () => {
    const asked = it.upstream.requests.length
    const limited = await it.operator.call('keys.create', { name: 'limited', spendLimit: { usd: 5 } })
    for (const model of ['fake/m', 'openclaw']) {
      const answer = await fetch(`${it.gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${limited.secret}` },
        body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] }),
      })
      const { error } = (await answer.json()) as { error: { code: string; message: string } }
      assert.deepEqual([answer.status, error.code], [403, 'forbidden'], model)
      assert.match(error.message, /turn the plugin "usage" on/)
    }
    assert.equal(it.upstream.requests.length, asked)
    const free = await it.operator.call('keys.create', { name: 'free' })
    await say(free.secret, 'hi', {})
  })

  test('T-API-01 no name of a session or user leads a key into a conversation of anybody else', async () => {
    const newKey = async () => it.operator.call('keys.create', { name: 'someone' })
    const [one, two] = [await newKey(), await newKey()]
    const named = [
      { session: 'agent:main:main' },
      { session: 'shared' },
      { user: 'bob' },
      { session: `agent:main:key-${one.key.id}:shared` },
    ]
    for (const where of named) {
      const label = JSON.stringify(where)
      await say(it.gateway.token, `of the operator ${label}`, where)
      await say(one.secret, `of the first ${label}`, where)
      const seen = await say(two.secret, 'what was said?', where)
      assert.ok(!seen.includes('of the operator') && !seen.includes('of the first'), `${label}: ${seen}`)
      assert.ok((await say(one.secret, 'and now?', where)).includes('of the first'), `${label}: its own goes on`)
      assert.ok(!(await say(it.gateway.token, 'and here?', where)).includes('what was said?'), `${label}: nothing comes back`)
    }
  })
})
