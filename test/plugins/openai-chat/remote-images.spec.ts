import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { createTestGateway, type TestGateway } from 'openclaw/testing'
import agents from '../../../plugins/agents/index.js'
import egress from '../../../plugins/egress/index.js'
import http from '../../../plugins/http/index.js'
import inference from '../../../plugins/inference/index.js'
import models from '../../../plugins/models/index.js'
import openaiChat from '../../../plugins/openai-chat/index.js'
import providerOpenai from '../../../plugins/provider-openai/index.js'
import { startUpstream, type Upstream } from '../../support/upstream.js'
import { recordAttempts } from '../egress/boot.js'

const png = Buffer.from('\x89PNG\r\n\x1a\n and more', 'latin1')

describe('images that a chat names by URL', () => {
  const server = createServer((_req, res) => void res.end(png))
  let port = 0
  let upstream: Upstream
  let gateway: TestGateway
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
    upstream = await startUpstream({ models: [] })
    gateway = await createTestGateway({
      plugins: [
        http,
        agents,
        models,
        { plugin: providerOpenai, config: { up: { baseUrl: upstream.baseUrl, models: [{ id: 'vision', input: ['text', 'image'] }] } } },
        { plugin: egress, config: { allow: [`127.0.0.1:${port}`] } },
        inference,
        { plugin: openaiChat, config: { images: { allowUrl: true } } },
      ] as never,
    })
  })
  after(async () => {
    await gateway.close()
    await upstream.close()
    server.close()
  })
  const ask = (url: string) =>
    gateway.fetch('/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify({ model: 'up/vision', messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] }),
    })

  test('are fetched by the gateway: the provider gets the image itself', async () => {
    assert.equal((await ask(`http://127.0.0.1:${port}/a.png`)).status, 200)
    const sent = upstream.requests.at(-1)?.body.messages[0].content[0].image_url.url
    assert.equal(sent, `data:image/png;base64,${png.toString('base64')}`)
  })

  test('T-NET-01 T-NET-02 are asked for at public addresses alone, and nothing goes to the provider', async () => {
    const asked = upstream.requests.length
    const { attempts, end } = recordAttempts()
    for (const url of [
      `http://127.0.0.2:${port}/a.png`,
      `http://[::ffff:127.0.0.1]:${port}/`,
      'http://169.254.169.254/latest/',
      'http://10.1/',
    ]) {
      const reply = await ask(url)
      assert.equal(reply.status, 400)
      const { error } = (await reply.json()) as { error: Record<string, unknown> }
      assert.deepEqual([error['message'], error['param']], ['Invalid image_url content in `messages`.', 'messages[0].content[0].image_url'])
    }
    end()
    // The test's own requests to the gateway are the only connections.
    assert.deepEqual(new Set(attempts.filter((address) => !['127.0.0.1', '::1'].includes(address))), new Set())
    assert.equal(upstream.requests.length, asked)
  })
})
