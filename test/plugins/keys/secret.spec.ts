import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { mint, parseSecret } from '../../../plugins/keys/secret.js'

describe('the text of a key', () => {
  test('it holds its id and 256 random bits, and reads back', () => {
    const { id, secret, digest } = mint()
    assert.match(secret, /^oc-[0-9a-f]{12}-[\w-]{43}[\w-]{6}$/)
    assert.equal(secret.slice(3, 15), id)
    assert.deepEqual(parseSecret(secret), { id, digest })
    assert.notEqual(mint().secret, secret)
  })

  test('T-AUTH-04 a single wrong character is seen before anything is looked up', () => {
    const { secret } = mint()
    for (let at = 0; at < secret.length; at++) {
      const other = secret[at] === '0' ? '1' : '0'
      assert.equal(parseSecret(secret.slice(0, at) + other + secret.slice(at + 1)), undefined, `position ${at}`)
    }
  })

  test('T-AUTH-04 what has another form is no key', () => {
    const { secret } = mint()
    for (const text of [
      '',
      'oc-',
      secret.slice(1),
      secret.slice(0, -1),
      `${secret}A`,
      `${secret}\n`,
      ` ${secret}`,
      secret.toUpperCase(),
      `sk${secret.slice(2)}`,
    ])
      assert.equal(parseSecret(text), undefined, JSON.stringify(text))
  })
})
