import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { GatewayError } from 'openclaw/plugin'
import type { Egress, EgressRequest, EgressResponse } from '../../../plugins/contracts/egress.js'
import { boot, type Booted, jsonOf, until } from './boot.js'
import { checkResponse } from './check.js'

const png = Buffer.from('\x89PNG\r\n\x1a\n and more', 'latin1')
const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0', 'latin1')
const pdf = Buffer.from('%PDF-1.7 and more')
const uri = (type: string, bytes: Buffer | string) => `data:${type};base64,${Buffer.from(bytes).toString('base64')}`
const image = (image_url: unknown, more = {}) => ({ type: 'input_image', image_url, ...more })
const file = (file_data: unknown, filename = 'a.txt') => ({ type: 'input_file', file_data, filename })
const asking = (...parts: unknown[]) => ({
  model: 'up/vision',
  input: [{ role: 'user', content: [{ type: 'input_text', text: 'look' }, ...parts] }],
})

/** Answers by the URL's host; the network is what is outside. */
const answers: Record<string, () => Partial<EgressResponse> | Promise<never>> = {
  'png.test': () => ({ type: 'text/html', body: png }),
  'text.test': () => ({ type: 'text/plain', charset: 'latin1', body: Buffer.from('caf\xe9', 'latin1') }),
  'pdf.test': () => ({ type: 'application/pdf', body: pdf }),
  'page.test': () => ({ type: 'text/html', body: Buffer.from('<html>') }),
  'gone.test': () => ({ status: 404, type: 'image/png', body: png }),
  'private.test': () => Promise.reject(new GatewayError('egress_refused', 'The URL is not allowed.')),
  'down.test': () => Promise.reject(new GatewayError('egress_failed', 'The URL cannot be fetched.')),
  'large.test': () => Promise.reject(new GatewayError('egress_too_large', 'The answer is too large.')),
  'slow.test': () => Promise.reject(new GatewayError('egress_timeout', 'The URL takes too long.')),
  'busy.test': () => Promise.reject(new GatewayError('too_many_runs', 'Too many URLs are being fetched.', { retryAfterS: 5 })),
}
const fetched: EgressRequest[] = []
let aborted = 0
const egress: Egress = {
  async fetch(request, cancellation) {
    fetched.push(request)
    const { host } = new URL(request.url)
    if (host === 'hang.test')
      return new Promise((_, reject) =>
        cancellation.onAbort((reason) => {
          aborted++
          reject(reason)
        }),
      )
    return { status: 200, type: '', charset: undefined, body: Buffer.alloc(0), url: request.url, ...(await answers[host]?.()) }
  },
}

describe('images and files of responses', () => {
  let it: Booted
  before(async () => {
    it = await boot({
      egress,
      responses: { maxUrlParts: 2, images: { maxBytes: 1_000, timeoutMs: 900 }, files: { maxBytes: 1_000, maxChars: 20 } },
    })
  })
  after(() => it.close())
  const partsSent = () => it.sent().messages.at(-1).content
  async function ask(...parts: unknown[]) {
    const reply = await it.post(asking(...parts))
    return { status: reply.status, body: await jsonOf(reply) }
  }
  async function refused(param: string, ...parts: unknown[]) {
    const asked = it.upstream.requests.length
    const { status, body } = await ask(...parts)
    assert.deepEqual([status, body.error.code, body.error.param], [400, 'invalid_value', param], JSON.stringify(body))
    assert.match(body.error.message, /^Invalid (?:image|file) content in `input`: /)
    assert.equal(it.upstream.requests.length, asked)
    return body.error.message as string
  }
  const at = 'input[0].content[1]'

  test('an image as a data: URI, in all forms that clients have', async () => {
    const url = uri('image/png', png)
    const base64 = png.toString('base64')
    for (const part of [
      image(url, { detail: 'low' }),
      { type: 'input_image', image_url: { url, detail: 'low' } },
      { type: 'image_url', image_url: { url, detail: 'low' } },
      { type: 'input_image', detail: 'low', source: { type: 'base64', media_type: 'image/png', data: base64 } },
      image(uri('image/jpeg', png), { detail: 'low' }),
    ]) {
      checkResponse((await ask(part)).body)
      assert.deepEqual(partsSent()[1], { type: 'image_url', image_url: { url, detail: 'low' } })
    }
    await ask(image(uri('image/heic', heic), { detail: 'original' }))
    assert.deepEqual(partsSent()[1].image_url, { url: uri('image/heic', heic), detail: 'high' })
  })

  test('an image of a URL is what its first bytes say', async () => {
    await ask(image('https://png.test/a'), { type: 'input_image', source: { type: 'url', url: 'http://png.test/b' } })
    assert.deepEqual(
      partsSent()
        .slice(1)
        .map((part: any) => part.image_url.url),
      [uri('image/png', png), uri('image/png', png)],
    )
    assert.deepEqual(fetched.at(-1), { url: 'http://png.test/b', hosts: [], maxBytes: 1_000, timeoutMs: 900, maxRedirects: 3 })
  })

  test('a text file is a block that cannot be left, cut to its length', async () => {
    await ask(file(uri('text/markdown', '</file> & "x" and much more'), 'a"b.md'))
    assert.equal(partsSent()[1].text, '<file name="a&quot;b.md">\n&lt;/file&gt; &amp; &quot;x&quot; and mu\n</file>')
    await ask({
      type: 'input_file',
      source: { type: 'base64', media_type: 'application/json', data: Buffer.from('{}').toString('base64'), filename: 'x.json' },
    })
    assert.equal(partsSent()[1].text, '<file name="x.json">\n{}\n</file>')
    await ask({ type: 'input_file', file_url: 'https://text.test/a' })
    assert.equal(partsSent()[1].text, '<file name="file">\ncafé\n</file>')
  })

  test('a PDF goes to the provider as it is', async () => {
    await ask(file(uri('application/pdf', pdf), 'a.pdf'), { type: 'input_file', file_url: 'https://pdf.test/a', filename: 'b.pdf' })
    assert.deepEqual(partsSent().slice(1), [
      { type: 'file', file: { filename: 'a.pdf', file_data: uri('application/pdf', pdf) } },
      { type: 'file', file: { filename: 'b.pdf', file_data: uri('application/pdf', pdf) } },
    ])
  })

  for (const [name, part] of Object.entries({
    'no content': image(''),
    'no image': image(uri('image/png', 'text')),
    'a data: URI that is not base64': image('data:image/png,x'),
    'another scheme': image('file:///etc/passwd'),
    'too large': image(uri('image/png', Buffer.concat([png, Buffer.alloc(1_000)]))),
    'a source of nothing': { type: 'input_image', source: { type: 'base64', data: 'x' } },
  }))
    test(`an image is refused: ${name}`, async () => void (await refused(`${at}.image_url`, part)))

  for (const [name, part] of Object.entries({
    'no media type': file(`data:;base64,${Buffer.from('x').toString('base64')}`),
    'plain base64': file(Buffer.from('x').toString('base64')),
    'a type that is not allowed': file(uri('application/zip', 'x')),
    'a PDF that is none': file(uri('application/pdf', 'x')),
    'too large': file(uri('text/plain', 'x'.repeat(1_001))),
    'no content': { type: 'input_file' },
  }))
    test(`a file is refused: ${name}`, async () => void (await refused(`${at}.file_data`, part)))

  for (const host of ['page', 'gone', 'private', 'down', 'large', 'slow'])
    test(`T-NET-01 a URL is refused, and nothing is told of where it leads: ${host}`, async () => {
      const message = await refused(`${at}.image_url`, image(`http://${host}.test/`))
      assert.ok(!message.includes('.test'))
    })

  test('what is no fault of the URL is not said to be', async () => {
    const { status, body } = await ask(image('http://busy.test/'))
    assert.deepEqual([status, body.error.code], [429, 'too_many_runs'])
  })

  test('a file_id is not supported', async () => {
    for (const part of [
      { type: 'input_image', file_id: 'file-1' },
      { type: 'input_file', file_id: 'file-1' },
    ]) {
      const { status, body } = await ask(part)
      assert.deepEqual([status, body.error.code], [400, 'unsupported_parameter'])
    }
  })

  test('URLs are counted, images and files together, and nothing is fetched for a request that is refused', async () => {
    const before = fetched.length
    const urls = [image('http://png.test/'), { type: 'input_file', file_url: 'http://text.test/' }, image('http://png.test/')]
    await refused('input[0].content[3].image_url', ...urls)
    const orphan = { type: 'function_call_output', call_id: 'x', output: 'x' }
    const body = { input: [{ role: 'user', content: [image('http://png.test/')] }, orphan] }
    assert.equal((await it.post(body)).status, 400)
    assert.equal(fetched.length, before)
  })

  test('all media of a request have a size together', async () => {
    const tight = await boot({
      responses: { maxBodyBytes: 1_024, maxUrlParts: 64 },
      egress: { fetch: async ({ url }) => ({ ...picture, url }) },
    })
    const picture = { status: 200, type: 'image/png', charset: undefined, body: Buffer.concat([png, Buffer.alloc(300)]) }
    const urls = (count: number) => asking(...Array.from({ length: count }, () => image('http://x.test/')))
    assert.equal((await tight.post(urls(3))).status, 200)
    assert.equal((await tight.post(urls(4))).status, 400)
    await tight.close()
  })

  test('without the plugin egress, or where it is switched off, URLs are refused', async () => {
    const off = await boot({ egress, responses: { images: { allowUrl: false }, files: { allowUrl: false } } })
    const without = await boot()
    const before = fetched.length
    for (const gateway of [off, without])
      for (const part of [image('http://png.test/'), { type: 'input_file', file_url: 'http://text.test/' }])
        assert.equal((await gateway.post(asking(part))).status, 400)
    assert.equal(fetched.length, before)
    await off.close()
    await without.close()
  })

  test('what was fetched stays with the conversation', async () => {
    const { id } = await jsonOf(await it.post(asking(image('http://png.test/'))))
    const before = fetched.length
    const next = await it.post({ model: 'up/vision', input: 'and now?', previous_response_id: id })
    assert.equal(next.status, 200)
    assert.equal(fetched.length, before)
    assert.equal(it.sent().messages[0].content[1].image_url.url, uri('image/png', png))
  })

  test('a client that goes away ends the download', async () => {
    const gone = new AbortController()
    const asked = it.post(asking(image('http://hang.test/')), {}, gone.signal)
    await until('the download', () => fetched.at(-1)?.url === 'http://hang.test/')
    gone.abort()
    await assert.rejects(asked)
    await until('its end', () => aborted === 1)
  })
})
