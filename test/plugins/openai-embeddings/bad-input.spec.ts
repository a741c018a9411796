import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { boot, embedder, invalid, jsonOf, lengths, type Booted } from './boot.js'

const model = 'up/text-embedding'
const shape = invalid('`input` must be a string or an array of strings.')
const format = invalid('`encoding_format` must be "float" or "base64".', 'invalid_value', 'encoding_format')
const dimensions = invalid('`dimensions` must be a positive integer.', 'invalid_value', 'dimensions')
const ids = invalid('Token ids in `input` must be integers between 0 and 200000.')

describe('embeddings bad input', () => {
  let it: Booted
  before(async () => {
    it = await boot({ providers: [embedder(async (_model, request) => ({ vectors: lengths(request) }))] })
  })
  after(() => it.close())
  const refused = async (response: Response, body: unknown, status = 400) => {
    assert.deepEqual([response.status, await jsonOf(response)], [status, body])
    assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
    assert.ok(response.headers.get('x-request-id'))
  }

  for (const [what, fields, expected] of [
    ['no input', {}, shape],
    ['input null', { input: null }, shape],
    ['input a number', { input: 5 }, shape],
    ['input an object', { input: { text: 'x' } }, shape],
    ['texts and numbers mixed', { input: ['x', 1] }, shape],
    ['texts and token arrays mixed', { input: ['x', [1]] }, shape],
    ['numbers and token arrays mixed', { input: [1, [1]] }, shape],
    ['null among texts', { input: ['x', null] }, shape],
    ['texts nested', { input: [['x']] }, shape],
    ['arrays nested deeper', { input: [[[1]]] }, shape],
    ['an empty array', { input: [] }, invalid('`input` must not be empty.')],
    ['an empty token array', { input: [[1], []] }, invalid('`input` must not contain an empty token array.')],
    ['a negative token id', { input: [1, -1] }, ids],
    ['a broken token id', { input: [[1.5]] }, ids],
    ['a token id of no vocabulary', { input: [[200_001]] }, ids],
    ['another format', { input: 'x', encoding_format: 'int8' }, format],
    ['a format in capitals', { input: 'x', encoding_format: 'BASE64' }, format],
    ['no dimensions', { input: 'x', dimensions: 0 }, dimensions],
    ['negative dimensions', { input: 'x', dimensions: -1 }, dimensions],
    ['broken dimensions', { input: 'x', dimensions: 1.5 }, dimensions],
    ['dimensions as text', { input: 'x', dimensions: '8' }, dimensions],
  ] as const)
    test(what, async () => {
      const asked = it.sent().length
      await refused(await it.post({ model, ...fields }), expected)
      assert.equal(it.sent().length, asked)
    })

  test('too many inputs', async () => {
    const message = 'Too many inputs (max 2048).'
    await refused(await it.post({ model, input: Array(2_049).fill('x') }), invalid(message))
    await refused(await it.post({ model, input: Array.from({ length: 2_049 }, () => [1]) }), invalid(message))
    assert.equal((await it.post({ model, input: Array(2_048).fill('x') })).status, 200)
  })

  test('an input too long, counted as JavaScript counts', async () => {
    const message = 'Input too long (max 65536 chars).'
    await refused(await it.post({ model, input: ['ok', 'x'.repeat(65_537)] }), invalid(message))
    await refused(await it.post({ model, input: '💡'.repeat(32_769) }), invalid(message))
    assert.equal((await it.post({ model, input: '💡'.repeat(32_768) })).status, 200)
  })

  test('a token array too long', async () => {
    const message = 'Input too long (max 8192 tokens).'
    await refused(await it.post({ model, input: Array(8_193).fill(1) }), invalid(message))
    await refused(await it.post({ model, input: [[1], Array(8_193).fill(1)] }), invalid(message))
    assert.equal((await it.post({ model, input: [Array(8_192).fill(1)] })).status, 200)
  })

  test('all inputs together too long', async () => {
    const input = Array(64).fill('x'.repeat(65_536))
    await refused(await it.post({ model, input: [...input, 'y'] }), invalid('Total input too large (max 4194304 chars).'))
    assert.equal((await it.post({ model, input })).status, 200)
  })

  test('a body over the limit', async () => {
    const body = invalid('Payload too large', 'payload_too_large', null)
    await refused(await it.post({ model, input: 'x', filler: 'x'.repeat(20_971_520) }), body, 413)
  })

  for (const body of ['[]', '"text"', '5', 'null'])
    test(`a body that is ${body}`, async () =>
      refused(await it.post(body), invalid('Request body must be a JSON object.', 'invalid_value', null)))

  test('bad JSON; no body at all', async () => {
    const { error } = await jsonOf(await it.post('{"input":'))
    assert.match(error.message, /^Invalid JSON: ./)
    assert.equal(error.code, 'invalid_json')
    await refused(await it.post(''), invalid('Missing `model`.', 'missing_required_parameter', 'model'))
  })

  test('no credential; the wrong method', async () => {
    const response = await it.post({ model, input: 'x' }, { headers: { authorization: '' } })
    assert.deepEqual([response.status, (await jsonOf(response)).error.code], [401, 'invalid_api_key'])
    const get = await it.gateway.fetch('/v1/embeddings')
    assert.deepEqual([get.status, get.headers.get('allow'), await get.text()], [405, 'POST', 'Method Not Allowed'])
  })

  test('token arrays for a provider that takes none: the client is told how to send text', async () => {
    const message =
      "Model 'mine/vectors' does not take token arrays. Let the client send text: in LangChain for Python, check_embedding_ctx_length=False."
    await refused(await it.post({ model: 'mine/vectors', input: [1, 2] }), invalid(message, 'unsupported_parameter'))
    assert.equal((await it.post({ model: 'mine/vectors', input: 'text' })).status, 200)
  })

  test('limits are those of the configuration', async () => {
    const own = await boot({
      embeddings: { maxInputs: 2, maxInputChars: 10, maxInputTokens: 3, maxTotalChars: 12, maxBodyBytes: 1_024 },
    })
    const ask = (input: unknown) => own.post({ model, input })
    await refused(await ask(['a', 'b', 'c']), invalid('Too many inputs (max 2).'))
    await refused(await ask('x'.repeat(11)), invalid('Input too long (max 10 chars).'))
    await refused(await ask([1, 2, 3, 4]), invalid('Input too long (max 3 tokens).'))
    await refused(await ask(['x'.repeat(10), 'yyy']), invalid('Total input too large (max 12 chars).'))
    await refused(await ask('x'.repeat(2_000)), invalid('Payload too large', 'payload_too_large', null), 413)
    await own.close()
  })
})
