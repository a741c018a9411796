import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { ConfigInput, MappingConfig } from '../../../plugins/hooks/schema.js'
import { boot, type Booted, mapped } from './boot.js'
import { enabled, hookToken } from './uses.js'

const stateOf = ({ gateway }: Booted) => gateway.inspect().plugins.find(({ name }) => name === 'hooks')
const wake = (it: Booted, token = hookToken) => it.post('/hooks/wake', { text: 'x' }, { authorization: `Bearer ${token}` })
const github: MappingConfig['signature'] = { scheme: 'github', secret: 'the secret of a repository' }

/** What is wrong with a section that its schema lets pass, and what is said of it. */
const broken: [what: string, config: ConfigInput, text: RegExp][] = [
  ['no token', { enabled: true }, /hooks\.enabled requires hooks\.token/],
  ['an empty token', enabled({ token: '' }), /hooks\.enabled requires hooks\.token/],
  ['a blank token', enabled({ token: '   ' }), /hooks\.enabled requires hooks\.token/],
  ['a token that was not substituted', enabled({ token: '${HOOK_TOKEN}' }), /hooks\.enabled requires hooks\.token/],
  ['a token that does not resolve', enabled({ token: { source: 'env', id: 'NOBODY' } }), /hooks\.enabled requires hooks\.token/],
  ['the root as path', enabled({ path: '/' }), /hooks\.path may not be '\/'/],
  ['no path', enabled({ path: ' ' }), /hooks\.path may not be '\/'/],
  ['a path elsewhere', enabled({ path: '/v1/hooks' }), /hooks\.path must be \/hooks or \/webhooks, or below/],
  ['a path beside', enabled({ path: '/hooksy' }), /hooks\.path must be \/hooks or \/webhooks, or below/],
  ['a path with dots', enabled({ path: '/hooks/../v1' }), /no path of plain segments/],
  ['a path with a query', enabled({ path: '/hooks?x' }), /no path of plain segments/],
  [
    'a default session outside',
    enabled({ defaultSessionKey: 'main', allowedSessionKeyPrefixes: ['hook:'] }),
    /hooks\.defaultSessionKey must match hooks\.allowedSessionKeyPrefixes/,
  ],
  [
    'prefixes without hook:',
    enabled({ allowedSessionKeyPrefixes: ['team:'] }),
    /hooks\.allowedSessionKeyPrefixes must include 'hook:' when hooks\.defaultSessionKey is unset/,
  ],
  ['a mapping for wake', enabled({ mappings: [{ match: { path: '/wake/' } }] }), /"wake" is taken by the gateway/],
  ['a mapping for a strange path', enabled({ mappings: [{ match: { path: 'a b' } }] }), /no path of plain segments/],
  ['a mapping for a path with dots', enabled({ mappings: [{ match: { path: 'a/../b' } }] }), /no path of plain segments/],
  ['a signature for any path', enabled({ mappings: [{ signature: github }] }), /needs a path of its own/],
  ['a signature without a secret', mapped({ signature: { ...github, secret: ' ' } }), /The secret is empty or not set/],
  [
    'a signature whose secret does not resolve',
    mapped({ signature: { ...github, secret: { source: 'env', id: 'NOBODY' } } }),
    /mappings\.0\.signature\.secret|The secret (?:cannot be resolved|is empty)/,
  ],
  ['a key that is none', mapped({ signature: { scheme: 'discord', secret: 'f'.repeat(63) } }), /not the public key of an application/],
  ['a whsec_ without more', mapped({ signature: { scheme: 'hmac-sha256', secret: 'whsec_' } }), /the prefix of a key, without the key/],
  [
    'an old secret without a time',
    mapped({ signature: { ...github, previous: { secret: 'the one before', until: 'soon' } } }),
    /"soon" is no ISO time/,
  ],
  [
    'an old secret for good',
    mapped({ signature: { ...github, previous: { secret: 'the one before', until: '2999-01-01T00:00:00Z' } } }),
    /30 days at most/,
  ],
  [
    'a transform of nobody',
    mapped({ transform: { module: 'nobody', export: 'mail' } }),
    /no plugin "nobody" that has the transform "mail"/,
  ],
  ['a model from outside', mapped({ model: 'up/{{payload.model}}' }), /No template here: the sender would choose it/],
]

describe('hooks: a section that cannot work', () => {
  test('T-HOOK-01 at boot there is no route, and the reason is told; the rest runs', async () => {
    for (const [what, config, text] of broken) {
      const it = await boot({ hooks: config })
      const own = config.mappings?.length ? '/hooks/in' : '/hooks/wake'
      const state = stateOf(it)
      const said = [state?.reason ?? '', ...it.logged('error')].join('\n')
      assert.match(said, text, what)
      for (const headers of [{}, { authorization: '' }, { authorization: 'Bearer ' }, { authorization: 'Bearer undefined' }])
        assert.equal((await it.post(own, { text: 'x' }, headers)).status < 400, false, what)
      if (state?.state === 'off') assert.equal((await it.post('/hooks/wake', { text: 'x' })).status, 404, what)
      await it.close()
    }
  })

  test('a reload to it is refused and the old one stays', async () => {
    const it = await boot()
    for (const [what, config, text] of broken) {
      await assert.rejects(it.reload(config), text, what)
      assert.equal((await wake(it)).status, 200, what)
      assert.equal(stateOf(it)?.state, 'active', what)
    }
    await it.close()
  })

  test('the token of the gateway is refused as that of hooks', async () => {
    const token = 'the-very-same-token-for-both-of-them'
    const gateway = { port: 0, auth: { mode: 'token' as const, token } }
    const text = 'Invalid config: hooks.token must not match gateway auth token. Set a distinct hooks.token for hook ingress.'
    const it = await boot({ hooks: enabled({ token: ` ${token} ` }), gateway })
    assert.ok(stateOf(it)?.reason?.includes(text))
    assert.equal((await wake(it, token)).status, 404)
    await assert.rejects(it.reload(mapped({ signature: { ...github, secret: token } })), /The secret must not match the gateway auth token/)
    await it.reload(enabled())
    assert.equal((await wake(it)).status, 200)
    // The other way round: the gateway takes the token of hooks as its own.
    await it.gateway.reload({ gateway: { port: 0, auth: { mode: 'token', token: hookToken } } })
    assert.equal((await wake(it)).status, 401)
    await it.close()
  })

  test('without any auth of the gateway hooks still ask for their token', async () => {
    const it = await boot({ gateway: { port: 0, auth: { mode: 'none' } } })
    assert.equal((await wake(it)).status, 200)
    assert.equal((await it.post('/hooks/wake', { text: 'x' }, { authorization: '' })).status, 401)
    await it.close()
  })
})

describe('hooks: secrets that come and go', () => {
  /** References are names of files in a folder, as a provider of the host would resolve them. */
  const withFiles = async (work: (folder: string, it: (hooks: ConfigInput) => Promise<Booted>) => Promise<void>) => {
    const folder = await mkdtemp(join(tmpdir(), 'hooks-'))
    const { readFile } = await import('node:fs/promises')
    const secrets = async (ref: unknown) =>
      typeof ref === 'string' ? ref : (await readFile(join(folder, (ref as { id: string }).id), 'utf8').catch(() => '')).trim()
    try {
      await work(folder, (hooks) => boot({ hooks, secrets: secrets as never }))
    } finally {
      await rm(folder, { recursive: true })
    }
  }
  const ref = (id: string) => ({ source: 'file' as const, id })

  test('T-HOOK-01 a secret that is gone refuses the next reload, whatever it is about; a new one counts from then on', async () => {
    await withFiles(async (folder, start) => {
      await writeFile(join(folder, 'token'), 'the first token of these hooks')
      const it = await start(enabled({ token: ref('token') }))
      assert.equal((await wake(it, 'the first token of these hooks')).status, 200)
      await rm(join(folder, 'token'))
      await assert.rejects(it.reload(enabled({ token: ref('token') }), []), /hooks\.enabled requires hooks\.token/)
      await assert.rejects(it.reload(enabled({ token: ref('token'), maxBodyBytes: 99 })), /hooks\.enabled requires hooks\.token/)
      assert.equal((await wake(it, 'the first token of these hooks')).status, 200)
      await writeFile(join(folder, 'token'), 'the second token of these hooks')
      await it.reload(enabled({ token: ref('token') }))
      assert.equal((await wake(it, 'the first token of these hooks')).status, 401)
      assert.equal((await wake(it, 'the second token of these hooks')).status, 200)
      await it.close()
    })
  })

  test('T-HOOK-01 at boot a mapping without its secret does not exist, and the others do', async () => {
    const it = await boot({
      hooks: enabled({
        mappings: [
          { id: 'lost', match: { path: 'lost' }, messageTemplate: 'x', signature: { ...github, secret: { source: 'env', id: 'NOBODY' } } },
          { id: 'found', match: { path: 'found' }, messageTemplate: 'x' },
        ],
      }),
    })
    assert.ok(it.logged('error').some((line) => line.startsWith('the hook "lost" does not exist: The secret ')))
    assert.equal((await it.post('/hooks/lost', {})).status, 404)
    assert.equal((await it.post('/hooks/lost', {}, { authorization: '' })).status, 401)
    assert.equal((await it.post('/hooks/found', {})).status, 200)
    await it.close()
  })

  test('T-SEC-03 after a change of the token the old one is refused at once', async () => {
    const it = await boot()
    await it.reload(enabled({ token: 'another-token-that-is-long-enough' }))
    assert.equal((await wake(it)).status, 401)
    assert.equal((await wake(it, 'another-token-that-is-long-enough')).status, 200)
    await it.close()
  })
})

describe('hooks: on, off and elsewhere', () => {
  test('off unless enabled, also by a reload', async () => {
    const it = await boot({ hooks: { token: hookToken } })
    assert.deepEqual([stateOf(it)?.state, stateOf(it)?.rows], ['active', []])
    assert.equal((await wake(it)).status, 404)
    await it.reload(enabled())
    assert.equal((await wake(it)).status, 200)
    await it.reload({ enabled: false, token: hookToken })
    assert.equal((await wake(it)).status, 404)
    await it.close()
  })

  test('under another path', async () => {
    for (const [path, base] of [
      ['hooks/deep/', '/hooks/deep'],
      ['//webhooks//', '/webhooks'],
      ['/webhooks/in', '/webhooks/in'],
    ] as const) {
      const it = await boot({ hooks: enabled({ path }) })
      assert.equal((await it.post(`${base}/wake`, { text: 'x' })).status, 200, path)
      assert.equal((await it.post('/hooks/wake', { text: 'x' })).status, 404, path)
      await it.close()
    }
  })

  test('a short token is warned of', async () => {
    const it = await boot({ hooks: enabled({ token: 'short' }) })
    assert.ok(it.logged('warn').includes('hooks.token is shorter than 24 characters: use a long random one.'))
    assert.equal((await wake(it, 'short')).status, 200)
    await it.close()
  })
})

describe('hooks: mappings that overlap', () => {
  const pair = (one: MappingConfig, two: MappingConfig) =>
    enabled({
      mappings: [
        { id: 'one', ...one },
        { id: 'two', ...two },
      ],
    })
  const refused: [what: string, one: MappingConfig, two: MappingConfig][] = [
    ['equal', { match: { path: 'a' } }, { match: { path: 'a' } }],
    ['slashes', { match: { path: '/a/' } }, { match: { path: 'a' } }],
    ['case', { match: { path: 'Bot' } }, { match: { path: 'bot' } }],
    ['the same source', { match: { path: 'a', source: 's' } }, { match: { path: 'a', source: 's' } }],
    ['any path', {}, { match: {} }],
    ['any path, one source', { match: { source: 's' } }, { match: { source: 's' } }],
    ['a signature beside another source', { match: { path: 'a', source: 's' }, signature: github }, { match: { path: 'a', source: 't' } }],
    ['two signatures', { match: { path: 'a', source: 's' }, signature: github }, { match: { path: 'A' }, signature: github }],
  ]

  test('T-HOOK-05 two that take the same requests are refused, and both are named', async () => {
    const it = await boot()
    for (const [what, one, two] of refused)
      await assert.rejects(it.reload(pair(one, two)), /Mappings "one" and "two" .*Give each a path of its own\./, what)
    await it.close()
  })

  test('T-HOOK-05 paths are whole: one below another, another source, and all the rest stay apart', async () => {
    const it = await boot({
      hooks: enabled({
        mappings: [
          { id: 'sourced', match: { path: 'a', source: 's' }, messageTemplate: 'sourced' },
          { id: 'a', match: { path: 'a' }, messageTemplate: 'a' },
          { id: 'below', match: { path: 'a/b' }, messageTemplate: 'below' },
          { id: 'signed', match: { path: 'signed' }, messageTemplate: 'signed', signature: github },
          { id: 'rest', messageTemplate: 'rest' },
        ],
      }),
    })
    for (const [path, body, hook] of [
      ['a', { source: 's' }, 'sourced'],
      ['a', { source: 't' }, 'a'],
      ['a', {}, 'a'],
      ['a/b', {}, 'below'],
      ['a/b/c', {}, 'rest'],
      ['ab', {}, 'rest'],
    ] as const) {
      assert.equal((await it.post(`/hooks/${path}`, body)).status, 200)
      await it.settled()
      assert.match(it.asked().at(-1) ?? '', new RegExp(`through the hook "${hook}"`), path)
    }
    assert.equal((await it.post('/hooks/signed', {})).status, 401)
    await it.close()
  })
})
