import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { describe, test } from 'node:test'
import { GatewayError } from 'openclaw/plugin'
import { Canceller } from '../../../plugins/contracts/cancellation.js'
import { isEgressFault } from '../../../plugins/contracts/egress.js'
import { fetchFile, fetchImage, type RemoteLimits } from '../../../plugins/contracts/remote-media.js'
import { bootEgress, networkOf, publicAddress, serve } from './boot.js'

const network = networkOf({ 'a.test': [publicAddress], 'bad.test': ['10.0.0.1'] })
const limits: RemoteLimits = { urlAllowlist: [], allowedMimes: [], maxBytes: 1_000, maxRedirects: 3, timeoutMs: 10_000 }
const png = Buffer.from('\x89PNG\r\n\x1a\n rest', 'latin1')
const jpeg = Buffer.from('\xff\xd8\xff\xe0 rest', 'latin1')

async function open(body: Buffer | string, type?: string, answer?: RequestListener) {
  const { port, arrivals } = await serve(
    answer ?? ((_req, res) => res.writeHead(200, type === undefined ? {} : { 'content-type': type }).end(body)),
  )
  const { egress } = bootEgress({ network })
  const url = `http://a.test:${port}/x`
  return {
    arrivals,
    image: (change: Partial<RemoteLimits> = {}, at = url) => fetchImage(egress, at, { ...limits, ...change }, new Canceller()),
    file: (change: Partial<RemoteLimits> = {}, at = url) => fetchFile(egress, at, { ...limits, ...change }, new Canceller()),
  }
}
const code = (wanted: string) => (error: unknown) => isEgressFault(error) && error.code === wanted

describe('remote images', () => {
  test('an image is what its first bytes say', async () => {
    const expected = { mime: 'image/png', base64: png.toString('base64'), bytes: png.length }
    for (const type of ['image/png', 'image/jpeg', 'text/html', undefined])
      assert.deepEqual(await (await open(png, type)).image(), expected)
  })

  test('only allowed types are taken', async () => {
    const { image } = await open(jpeg, 'image/png')
    assert.equal((await image({ allowedMimes: [' IMAGE/JPEG; q=1'] })).mime, 'image/jpeg')
    await assert.rejects(image({ allowedMimes: ['image/png'] }), code('egress_refused'))
    for (const body of ['<svg xmlns="http://www.w3.org/2000/svg"/>', 'hello', '<html>'])
      await assert.rejects((await open(body, 'image/png')).image(), code('egress_refused'))
  })

  test('T-NET-05 its limits are kept: bytes, redirects, hosts, time', async () => {
    const { image } = await open(png)
    await assert.rejects(image({ maxBytes: png.length - 1 }), code('egress_too_large'))
    await assert.rejects(image({ urlAllowlist: ['*.a.test'] }), code('egress_refused'))
    assert.equal((await image({ urlAllowlist: ['a.test'], maxBytes: png.length })).bytes, png.length)
    const moved = await open('', '', (req, res) => (req.url === '/x' ? res.writeHead(302, { location: '/y' }).end() : res.end(png)))
    await assert.rejects(moved.image({ maxRedirects: 0 }), code('egress_refused'))
    assert.equal((await moved.image({ maxRedirects: 1 })).mime, 'image/png')
    const silent = await open('', '', () => undefined)
    await assert.rejects(silent.image({ timeoutMs: 100 }), code('egress_timeout'))
  })

  test('T-NET-02 a private address is none of an image', async () => {
    const { image, file } = await open(png)
    await assert.rejects(image({}, 'http://bad.test/x'), code('egress_refused'))
    await assert.rejects(file({}, 'http://bad.test/x'), code('egress_refused'))
    await assert.rejects(image({}, 'file:///etc/passwd'), code('egress_refused'))
  })

  test('an error page and an empty answer are no image', async () => {
    for (const status of [302, 400, 404, 500]) {
      const { image } = await open('', '', (_req, res) => res.writeHead(status).end(png))
      await assert.rejects(image(), code('egress_failed'))
    }
    await assert.rejects((await open('')).image(), code('egress_failed'))
  })

  test('without the plugin URLs are refused; what is no fault of the URL goes on as it is', async () => {
    await assert.rejects(fetchImage(undefined, 'http://a.test/', limits, new Canceller()), code('egress_refused'))
    const gone = new GatewayError('client_closed', 'gone')
    const { egress } = bootEgress({ network })
    const canceller = new Canceller()
    canceller.abort(gone)
    await assert.rejects(fetchImage(egress, 'http://a.test/', limits, canceller), (error) => error === gone && !isEgressFault(error))
    egress.close()
    await assert.rejects(fetchFile(egress, 'http://a.test/', limits, new Canceller()), { code: 'shutting_down' })
  })
})

describe('remote files', () => {
  test('a file is what its server says, with its charset', async () => {
    const text = Buffer.from('h\xe9llo', 'latin1')
    const expected = { base64: text.toString('base64'), bytes: 5 }
    assert.deepEqual(await (await open(text, 'Text/Plain; charset=ISO-8859-1')).file(), {
      ...expected,
      mime: 'text/plain',
      charset: 'iso-8859-1',
    })
    assert.deepEqual(await (await open(text, 'text/csv')).file(), { ...expected, mime: 'text/csv', charset: undefined })
  })

  test('a type that is missing or not allowed is refused', async () => {
    for (const type of [undefined, '', 'application/zip', 'image/png', 'text/plainer', 'text'])
      await assert.rejects((await open('x', type)).file(), code('egress_refused'), type)
    const zip = await open('x', 'application/zip')
    assert.equal((await zip.file({ allowedMimes: ['Application/ZIP'] })).mime, 'application/zip')
    await assert.rejects((await open('x', 'text/plain')).file({ allowedMimes: ['text/csv'] }), code('egress_refused'))
  })

  test('a PDF has to look like one', async () => {
    assert.equal((await (await open('%PDF-1.7 rest', 'application/pdf')).file()).mime, 'application/pdf')
    await assert.rejects((await open('<html>', 'application/pdf')).file(), code('egress_refused'))
  })
})
