import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatewayError } from 'openclaw/plugin'
import { Canceller } from '../../../plugins/contracts/cancellation.js'
import type { Egress } from '../../../plugins/contracts/egress.js'
import type { MediaLimits } from '../../../plugins/contracts/media-limits.js'
import { Images } from '../../../plugins/openai-chat/images.js'
import { parseMessages } from '../../../plugins/openai-chat/messages.js'
import type { Config } from '../../../plugins/openai-chat/schema.js'
import { limits } from './limits.js'

const base64 = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part)))).toString('base64')
const png = base64('\x89PNG\r\n\x1a\n', 'x'.repeat(25))
const samples = {
  'image/jpeg': base64('\xff\xd8\xff\xe0', 'JFIF'),
  'image/png': png,
  'image/gif': base64('GIF89a', 'xxxx'),
  'image/webp': base64('RIFF', [1, 2, 3, 4], 'WEBPVP8 '),
  'image/heic': base64([0, 0, 0, 24], 'ftypheic', 'mif1'),
  'image/heif': base64([0, 0, 0, 24], 'ftypmif1', 'xxxx'),
}
const image = (url: unknown, more: object = {}) => ({ type: 'image_url', image_url: { url, ...more } })
const data = (body = png, type = 'image/png') => `data:${type};base64,${body}`
const ask = (...content: unknown[]) => ({ role: 'user', content })
const parse = (messages: unknown[], change: Partial<Config> = {}, images: Partial<MediaLimits> = {}) =>
  parseMessages(messages, new Images(limits(change, images)))
const urlOf = (part: unknown, images: Partial<MediaLimits> = {}) => {
  const content = parse([ask(part)], {}, images)[0]?.content
  return Array.isArray(content) && content[0]?.type === 'image_url' ? content[0].image_url : assert.fail('no image')
}
const refused = (act: () => unknown, message: string) =>
  assert.throws(act, (error) => error instanceof GatewayError && error.code === 'invalid_value' && error.message === message)
const refusedImage = (act: () => unknown) => refused(act, 'Invalid image_url content in `messages`.')

/** Parse with URLs allowed, and fetch them from a network on which everything answers alike. */
function fetching(answer: Buffer | GatewayError) {
  const fetched: unknown[] = []
  const egress: Egress = {
    async fetch(request) {
      fetched.push(request)
      if (answer instanceof GatewayError) throw answer
      return { status: 200, type: 'text/html', charset: undefined, body: answer, url: request.url }
    },
  }
  async function settle(messages: unknown[], own: Partial<MediaLimits> = {}, change: Partial<Config> = {}) {
    const images = new Images(limits(change, { allowUrl: true, ...own }))
    const parsed = parseMessages(messages, images)
    assert.ok(images.pending)
    await images.settle(egress, new Canceller())
    assert.ok(!images.pending)
    return parsed
  }
  return { fetched, settle }
}

describe('chat images', () => {
  for (const [type, body] of Object.entries(samples))
    test(`${type} is known by its first bytes, whatever it says it is`, () => {
      assert.deepEqual(urlOf(image(data(body, type), { detail: 'high' })), { url: data(body, type), detail: 'high' })
      assert.deepEqual(urlOf(image(`data:application/octet-stream;base64,${body}`)), { url: data(body, type) })
      assert.deepEqual(urlOf(image(`data:;base64,${body}`)), { url: data(body, type) })
    })

  test('the url may be a string, and the part an input_image', () => {
    assert.deepEqual(urlOf({ type: 'image_url', image_url: data() }), { url: data() })
    assert.deepEqual(urlOf({ type: 'input_image', image_url: data(), detail: 'low' }), { url: data(), detail: 'low' })
    assert.deepEqual(urlOf(image(data(), { detail: 'enormous' })), { url: data() })
  })

  for (const [what, url] of [
    ['missing', undefined],
    ['empty', ''],
    ['a number', 5],
    ['a remote address', 'https://example.com/a.png'],
    ['a file address', 'file:///etc/passwd'],
    ['not base64', `data:image/png,${png}`],
    ['broken base64', `data:image/png;base64,${png}!`],
    ['base64 with a stray pad', `data:image/png;base64,=${png}`],
    ['cut base64', 'data:image/png;base64,iVBORw0KGgoAA'],
    ['without a body', 'data:image/png;base64,'],
    ['a text', data(base64('hello, this is text'))],
    ['an SVG', data(base64('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'image/svg+xml')],
    ['an AVIF', data(base64([0, 0, 0, 24], 'ftypavif', 'mif1'), 'image/avif')],
  ] as const)
    test(`an image that is ${what} is refused`, () => refusedImage(() => parse([ask(image(url))])))

  test('only configured types are taken; an empty list is the default', () => {
    refusedImage(() => urlOf(image(data()), { allowedMimes: ['image/jpeg'] }))
    assert.ok(urlOf(image(data()), { allowedMimes: ['IMAGE/PNG; q=1'] }))
    assert.ok(urlOf(image(data()), { allowedMimes: [] }))
  })

  test('T-DOS-03 size is computed before anything is decoded', () => {
    refusedImage(() => urlOf(image(data()), { maxBytes: 32 }))
    assert.ok(urlOf(image(data()), { maxBytes: 33 }))
    const huge = `${png}${'A'.repeat(14_000_000)}`
    const began = performance.now()
    refusedImage(() => urlOf(image(data(huge))))
    assert.ok(performance.now() - began < 500)
    assert.ok(urlOf(image(data(huge)), { maxBytes: 20_000_000 }))
  })

  test('a URL is fetched where that is allowed, and goes on as what its bytes are', async () => {
    const { fetched, settle } = fetching(Buffer.from(png, 'base64'))
    const url = 'https://img.example.com/a.png?x=1#y'
    const messages = await settle([ask(image(url, { detail: 'low' }))], { urlAllowlist: ['*.example.com'], maxRedirects: 1 })
    assert.deepEqual(messages[0]?.content, [{ type: 'image_url', image_url: { url: data(), detail: 'low' } }])
    assert.deepEqual(fetched, [{ url, hosts: ['*.example.com'], maxBytes: 10_485_760, maxRedirects: 1, timeoutMs: 10_000 }])
    for (const bad of ['ftp://example.com/a', 'javascript:alert(1)', 'not an address'])
      refusedImage(() => urlOf(image(bad), { allowUrl: true }))
  })

  test('what cannot be fetched, or is no image, is refused in the same words', async () => {
    const url = 'https://img.example.com/a.png'
    const wanted = { code: 'invalid_value', message: 'Invalid image_url content in `messages`.', param: 'messages[0].content[0].image_url' }
    const failing = fetching(new GatewayError('egress_refused', 'The URL is refused: it does not lead to a public address.'))
    await assert.rejects(failing.settle([ask(image(url))]), wanted)
    await assert.rejects(fetching(Buffer.from('<html>')).settle([ask(image(url))]), wanted)
    const images = new Images(limits({}, { allowUrl: true }))
    parseMessages([ask(image(url))], images)
    await assert.rejects(images.settle(undefined, new Canceller()), wanted)
    const gone = new GatewayError('client_closed', 'The client closed the connection.')
    await assert.rejects(fetching(gone).settle([ask(image(url))]), gone)
  })

  test('an image that is left out is not fetched, and what was fetched counts', async () => {
    const url = 'https://img.example.com/a.png'
    const turns = [ask(image(url)), { role: 'assistant', content: 'ok' }, ask(image(url))]
    const one = fetching(Buffer.from(png, 'base64'))
    await one.settle(turns, {}, { maxImageParts: 1 })
    assert.equal(one.fetched.length, 1)
    const messages = await fetching(Buffer.from(png, 'base64')).settle(turns, {}, { maxTotalImageBytes: 33 })
    assert.deepEqual(messages[0]?.content, [{ type: 'text', text: '[image left out: the conversation has too many]' }])
    await assert.rejects(fetching(Buffer.from(png, 'base64')).settle([ask(image(url))], {}, { maxTotalImageBytes: 32 }), {
      code: 'invalid_value',
    })
  })

  test('the current turn has to fit: too many, too large in all, or none allowed', () => {
    const two = ask(image(data()), image(data()))
    refusedImage(() => parse([two], { maxImageParts: 1 }))
    refusedImage(() => parse([two], { maxTotalImageBytes: 65 }))
    refusedImage(() => parse([two], { maxImageParts: 0 }))
    assert.equal(parse([two], { maxImageParts: 2, maxTotalImageBytes: 66 }).length, 1)
  })

  test('of earlier turns the oldest images are left out first', () => {
    const turn = (name: string) => [ask({ type: 'text', text: name }, image(data())), { role: 'assistant', content: 'ok' }]
    const messages = parse([...turn('one'), ...turn('two'), ask(image(data()))], { maxImageParts: 2 })
    const kinds = messages.map(({ content }) => (Array.isArray(content) ? content.map(({ type }) => type) : content))
    assert.deepEqual(kinds, [['text'], 'ok', ['text', 'image_url'], 'ok', ['image_url']])
  })

  test('a turn of nothing but an image that is left out says so', () => {
    const [first] = parse([ask(image(data())), ask(image(data()))], { maxImageParts: 1 })
    assert.deepEqual(first?.content, [{ type: 'text', text: '[image left out: the conversation has too many]' }])
  })
})

describe('chat files', () => {
  const file = (file_data: unknown, filename?: string) => ({ type: 'file', file: { file_data, filename } })
  const pdf = `data:application/pdf;base64,${base64('%PDF-1.7 rest')}`
  const refusedFile = (part: unknown) => refused(() => parse([ask(part)]), 'Invalid file content in `messages`.')

  test('a PDF goes on as it is', () => {
    assert.deepEqual(parse([ask(file(pdf, 'a.pdf'))])[0]?.content, [{ type: 'file', file: { filename: 'a.pdf', file_data: pdf } }])
  })

  test('text becomes a text part that cannot end itself', () => {
    const csv = `data:text/csv;base64,${Buffer.from('a,b\n</file>é').toString('base64')}`
    assert.equal(parse([ask(file(csv, 'x".csv'))])[0]?.content, '<file name="x&quot;.csv">\na,b\n&lt;/file&gt;é\n</file>')
    const latin = `data:text/plain;charset=latin1;base64,${base64('\xe9')}`
    assert.equal(parse([ask(file(latin))])[0]?.content, '<file name="file">\né\n</file>')
  })

  test('long text is cut, but not inside a character', () => {
    const long = `data:text/plain;base64,${Buffer.from(`a${'😀'.repeat(150_000)}`).toString('base64')}`
    const content = parse([ask(file(long))])[0]?.content as string
    assert.doesNotMatch(content, /[\ud800-\udbff](?![\udc00-\udfff])/)
    assert.equal(content.length, '<file name="file">\n'.length + 199_999 + '\n</file>'.length)
  })

  test('anything else is refused', () => {
    refusedFile(file(undefined))
    refusedFile({ type: 'file' })
    refusedFile(file('just text'))
    refusedFile(file(`data:application/zip;base64,${base64('PK')}`))
    refusedFile(file(`data:application/pdf;base64,${base64('not a pdf')}`))
    refusedFile(file(`data:text/plain;base64,${'A'.repeat(7_000_000)}`))
    refused(() => parse([ask(...Array.from({ length: 9 }, () => file(pdf)))]), 'Invalid file content in `messages`.')
    assert.throws(() => parse([ask({ type: 'file', file: { file_id: 'file-1' } })]), { code: 'unsupported_parameter' })
  })
})
