import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { format, inspect } from 'node:util'
import { createGateway, type GatewayConfig } from 'openclaw'
import { Secret } from 'openclaw/plugin'
import { isWeak } from '../../core/secret.js'
import { bootFixture, type Fixture } from '../support/gateway.js'
import { raw, rawRequest } from '../support/raw.js'

const strong = 'kV4hTq9ZsW2mXc7LrB1n'
const boot = (gateway: GatewayConfig) => createGateway({ plugins: [], gateway: { port: 0, ...gateway } })

/** Boots, closes, and answers why it was refused, if it was. */
async function refusal(gateway: GatewayConfig): Promise<string | undefined> {
  try {
    await (await boot(gateway)).close()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

const ask = ({ url, host }: Pick<Fixture, 'url' | 'host'>, path: string, ...lines: string[]) =>
  rawRequest(url, raw([`GET ${path} HTTP/1.1`, `Host: ${host}`, ...lines]))
const bearer = (value: string) => `Authorization: Bearer ${value}`

describe('secrets that a gateway starts with', () => {
  test('T-AUTH-01 blank values are not configured, and nothing authenticates with them', async () => {
    for (const blank of ['', ' ', '\t', 'undefined', 'null', ' null ', '${OPENCLAW_GATEWAY_TOKEN}', 'Bearer ${TOKEN}']) {
      assert.match((await refusal({ auth: { token: blank } })) ?? '', /no token was configured/, blank)
      assert.match((await refusal({ auth: { mode: 'token', token: blank } })) ?? '', /no token was configured/, blank)
      assert.match((await refusal({ auth: { mode: 'password', password: blank } })) ?? '', /no password was configured/, blank)
      const fixture = await bootFixture({ gateway: { port: 0, auth: { token: strong, password: blank } } })
      for (const presented of [blank, 'undefined', 'null', ''])
        assert.equal((await ask(fixture, '/things', bearer(presented))).status, 401, presented)
      assert.equal((await ask(fixture, '/things', bearer(strong))).status, 200)
      await fixture.close()
    }
    assert.match((await refusal({})) ?? '', /no token was configured/)
  })

  test('T-AUTH-01 weak secrets stay on loopback', async () => {
    const weak = [
      'short',
      '123456789012345',
      'password',
      'openclaw',
      'changemechangeme',
      'PasswordPassword',
      'aaaaaaaaaaaaaaaaaaaaaaaa',
      'abababababababababab',
    ]
    for (const secret of weak) {
      assert.equal(isWeak(secret), true, secret)
      for (const auth of [
        { mode: 'token', token: secret },
        { mode: 'password', password: secret },
      ] as const) {
        for (const open of [{ bind: 'lan' }, { bind: 'custom', customBindHost: '0.0.0.0' }] as const)
          assert.match((await refusal({ auth, ...open })) ?? '', /refusing to bind gateway to 0\.0\.0\.0:0 with a weak secret/, secret)
        assert.equal(await refusal({ auth }), undefined, `${secret} on loopback`)
      }
    }
    for (const secret of [strong, 'correct horse battery staple'])
      assert.equal(await refusal({ bind: 'lan', auth: { mode: 'token', token: secret } }), undefined, secret)
  })

  test('T-AUTH-02 without auth nothing but loopback listens, in every combination of bind and mode', async () => {
    const binds = [
      {},
      { bind: 'auto' },
      { bind: 'loopback' },
      { bind: 'tailnet' },
      { bind: 'lan' },
      { bind: 'custom', customBindHost: '127.0.0.1' },
      { bind: 'custom', customBindHost: '0.0.0.0' },
    ] as const
    const modes = [
      { mode: 'none' },
      { mode: 'token', token: strong },
      { mode: 'password', password: strong },
      { mode: 'none', token: strong },
    ] as const
    for (const bind of binds)
      for (const auth of modes) {
        const why = `${JSON.stringify(bind)} ${auth.mode}`
        let gateway: Awaited<ReturnType<typeof boot>> | undefined
        let refused = ''
        try {
          gateway = await boot({ ...bind, auth })
        } catch (error) {
          refused = (error as Error).message
        }
        const wide = 'bind' in bind && (bind.bind === 'lan' || ('customBindHost' in bind && bind.customBindHost === '0.0.0.0'))
        if (auth.mode === 'none' && wide) {
          assert.match(refused, /^gateway\.auth: refusing to bind gateway to 0\.0\.0\.0:0 without auth \(set gateway\.auth\.token/, why)
          assert.equal(refused.includes('\n'), false, 'one line')
        } else {
          assert.equal(refused, '', why)
          if (auth.mode === 'none')
            assert.ok(
              gateway?.addresses.every((address) => /^(?:127\.|\[::1\])/.test(address)),
              why,
            )
          assert.equal(gateway?.warnings.length, auth.mode === 'none' ? 1 : 0)
        }
        await gateway?.close()
      }
    assert.match((await refusal({ auth: { mode: 'none' }, trustedProxies: ['10.0.0.1'] })) ?? '', /cannot be used behind a proxy/)
    assert.match((await refusal({ auth: { mode: 'trusted-proxy' } })) ?? '', /requires gateway\.trustedProxies/)
    assert.match((await refusal({ auth: { token: strong, password: strong } })) ?? '', /mode is unset/)
  })

  test('T-AUTH-02 a reload to an open gateway is refused and nothing changes', async () => {
    const fixture = await bootFixture()
    await assert.rejects(fixture.gateway.reload({ gateway: { port: 0, bind: 'lan', auth: { mode: 'none' } } }), /refusing to bind/)
    assert.equal((await ask(fixture, '/things')).status, 401)
    assert.equal((await ask(fixture, '/things', fixture.credential)).status, 200)
    await fixture.close()
  })
})

describe('a secret in memory', () => {
  test('T-AUTH-03 it has no equality, text, JSON or inspect form', () => {
    const secret = new Secret(strong)
    const forms = [
      String(secret),
      `${secret}`,
      JSON.stringify({ secret }),
      JSON.stringify([secret]),
      inspect(secret),
      inspect({ a: { secret } }, { depth: 9, showHidden: true, getters: true }),
      format('%s %o %O %j', secret, secret, secret, secret),
      Object.entries(secret).join(),
      JSON.stringify({ ...secret }),
      String(Object.getOwnPropertyNames(secret)),
      new Error('x', { cause: secret }).stack,
      inspect(new Error('x', { cause: secret })),
      Buffer.from(String(secret)).toString('base64'),
    ] // prettier-ignore
    for (const form of forms) {
      for (const leak of [strong, Buffer.from(strong).toString('base64'), Buffer.from(strong).toString('hex')])
        assert.equal(String(form).includes(leak), false, form)
    }
    // oxlint-disable-next-line eqeqeq
    assert.equal((secret as unknown) == strong, false)
    assert.throws(() => structuredClone(secret))
    assert.deepEqual(
      [secret.matches(strong), secret.matches(`${strong} `), secret.matches(''), secret.matches(strong.slice(1))],
      [true, false, false, false],
    )
  })

  test('T-AUTH-03 secrets are compared in one place, by digest and in constant time', () => {
    const root = fileURLToPath(new URL('../..', import.meta.url))
    const files = ['core', 'plugins', 'cli'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(folder, name)),
    )
    assert.ok(files.length > 50)
    const literal = String.raw`(?!=|\s*(?:undefined|null|true|false|'|"|${'`'}|\d))`
    const secretName = String.raw`\b\w*(?:token|secret|password|bearer|credential|signature|apiKey)\b(?:\(\))?`
    const rules: [string, RegExp][] = [
      ['a direct compare', new RegExp(`${secretName}\\s*[!=]==?${literal}`, 'i')],
      ['a direct compare', new RegExp(String.raw`[!=]==?\s*(?:[\w.]+\.)?${secretName}(?!\s*[.(?\w])`, 'i')],
      [
        'a revealed secret in an expression that compares',
        /\.reveal\(\)\s*(?:[!=]=|\.(?:startsWith|endsWith|includes|indexOf|localeCompare|match)\b)/,
      ],
      ['the constant-time primitive', /\btimingSafeEqual\(/],
    ]
    const code = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
    const found = files.flatMap((file) =>
      code(readFileSync(join(root, file), 'utf8'))
        .split('\n')
        .flatMap((line) =>
          rules.filter(([, rule]) => rule.test(line) && !/\btypeof\b/.test(line)).map(([name]) => `${file}: ${name}: ${line.trim()}`),
        ),
    )
    const allowed = [
      'core/secret.ts: the constant-time primitive: return timingSafeEqual(this.#digest, digest(presented))',
      // Digests of a body and of a key, which are no `Secret`s.
      'plugins/hooks/schemes.ts: the constant-time primitive: const equal = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b)',
      // What one request sent in two places, compared with itself; each rule sees it.
      'plugins/keys/authenticate.ts: a direct compare: if (bearer !== undefined && apiKey !== undefined && apiKey !== bearer && (presented || parseSecret(apiKey))) return ambiguous',
      'plugins/keys/authenticate.ts: a direct compare: if (bearer !== undefined && apiKey !== undefined && apiKey !== bearer && (presented || parseSecret(apiKey))) return ambiguous',
      'plugins/keys/keyring.ts: the constant-time primitive: return timingSafeEqual(digest, held?.digest.length === 32 ? held.digest : nobody) ? held : undefined',
    ]
    assert.deepEqual(found, allowed)
    for (const bad of ['if (token === other)', 'if (given !== config.password)', 'return secret.reveal() === given', 'a == b.apiKey'])
      assert.ok(
        rules.some(([, rule]) => rule.test(bad)),
        `the rule does not see: ${bad}`,
      )
  })
})
