import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { decideAuth } from '../../cli/gateway/auth.js'
import { discoverProviders, ollamaUrl } from '../../cli/gateway/discover.js'
import { configVariables, mayBeSetByFile, parseDotenv, readEnvironment } from '../../cli/config/environment.js'
import { resolvePaths, shortPath } from '../../cli/paths.js'
import { readInvocation } from '../../cli/profile.js'
import { createSecretResolver, type SecretsConfig } from '../../cli/secrets/resolver.js'

let folder = ''
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sources-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

describe('places', () => {
  test('home, state and configuration, by environment and profile', () => {
    const at = (env: Record<string, string>) => resolvePaths({ HOME: folder, ...env })
    assert.deepEqual(at({}), { home: folder, state: `${folder}/.openclaw`, config: `${folder}/.openclaw/openclaw.json` })
    assert.equal(at({ OPENCLAW_HOME: '~/x' }).state, `${folder}/x/.openclaw`)
    assert.equal(at({ OPENCLAW_STATE_DIR: '~/s', OPENCLAW_HOME: 'undefined' }).config, `${folder}/s/openclaw.json`)
    assert.equal(at({ OPENCLAW_STATE_DIR: '/s', OPENCLAW_CONFIG_PATH: '/c/x.json5' }).config, '/c/x.json5')
    // An empty state directory does not fall back to the configuration of the default home.
    writeFileSync(join(folder, 'openclaw.json'), '{}')
    assert.equal(at({ OPENCLAW_STATE_DIR: join(folder, 'empty') }).config, join(folder, 'empty', 'openclaw.json'))
    writeFileSync(join(folder, 'clawdbot.json'), '{}')
    assert.equal(at({ OPENCLAW_STATE_DIR: folder }).config, join(folder, 'openclaw.json'))
    assert.equal(shortPath(`${folder}/a/b`, folder), '~/a/b')
    assert.equal(shortPath(`${folder}x/a`, folder), `${folder}x/a`)
    const profile = (...args: string[]) => readInvocation(args, { HOME: folder, OPENCLAW_CONFIG_PATH: '' })
    assert.deepEqual(profile('gateway', '--profile=work', '--port', '1').args, ['gateway', '--port', '1'])
    assert.equal(profile('--profile', 'work', 'x').env['OPENCLAW_STATE_DIR'], `${folder}/.openclaw-work`)
    assert.equal(profile('--profile', 'default', 'x').env['OPENCLAW_CONFIG_PATH'], `${folder}/.openclaw/openclaw.json`)
    assert.equal(profile('--dev', 'gateway').env['OPENCLAW_GATEWAY_PORT'], '19001')
    assert.deepEqual(profile('gateway', '--dev').args, ['gateway', '--dev'], 'after the command word the flag is the command’s own')
    assert.equal(profile('gateway', '--', '--profile', 'x').env['OPENCLAW_PROFILE'], undefined)
    assert.equal(readInvocation(['--profile', 'p'], { HOME: folder, OPENCLAW_STATE_DIR: '/mine' }).env['OPENCLAW_STATE_DIR'], '/mine')
    assert.equal(profile('--profile').problem, '--profile requires a value')
    assert.equal(profile('--profile', 'a/b').problem, 'Invalid --profile (use letters, numbers, "_", "-" only)')
    assert.equal(profile('--dev', '--profile', 'x').problem, 'Cannot combine --dev with --profile')
  })
})

describe('environment', () => {
  test('.env: quotes, comments, export', () => {
    const text = `# c\nA=1\nexport B = "two # \\"x\\"\\n" # c\nC='$A' \nD=d # c\nbad line\n=x\nE=\r\n`
    assert.deepEqual(parseDotenv(text), { A: '1', B: 'two # "x"\n', C: '$A', D: 'd', E: '' })
  })

  test('T-ENV-01 .env of the state directory fills what is missing, never what moves code, tools, trust or places', async () => {
    const names = (
      'NODE_OPTIONS node_options LD_PRELOAD DYLD_INSERT_LIBRARIES BASH_ENV PATH HOME PYTHONPATH GIT_CONFIG_COUNT NPM_CONFIG_REGISTRY ' +
      'NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED SSLKEYLOGFILE IFS BASH_FUNC_x%% A-B ' +
      'OPENCLAW_STATE_DIR OPENCLAW_CONFIG_PATH OPENCLAW_HOME OPENCLAW_PROFILE'
    ).split(' ')
    for (const name of names) assert.equal(mayBeSetByFile(name), false, name)
    const lines = [...names.map((name) => `${name}=evil`), 'OPENAI_API_KEY=from-file', 'KEPT=from-file', 'EMPTY=from-file']
    writeFileSync(join(folder, '.env'), lines.join('\n'))
    const env = await readEnvironment({ KEPT: 'from-process', EMPTY: '', PATH: '/bin' }, folder)
    assert.deepEqual(env, { KEPT: 'from-process', EMPTY: 'from-file', OPENAI_API_KEY: 'from-file', PATH: '/bin' })
    const own = configVariables(env)({
      env: { NODE_OPTIONS: 'evil', KEPT: 'x', NEW: 'n', REF: '${NEW}', N: 1, vars: { DEEP: 'd', PATH: 'evil' } },
    })
    assert.deepEqual(own, { ...env, NEW: 'n', DEEP: 'd' })
    assert.deepEqual(configVariables(env)({ env: 'no object' }), env)
  })
})

describe('discovery', () => {
  let server: Server
  let answer: (res: import('node:http').ServerResponse) => void = (res) => void res.end('{}')
  before(async () => {
    server = createServer((_req, res) => answer(res))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  const host = () => `127.0.0.1:${(server.address() as AddressInfo).port}`

  test('keys in the environment make providers, unless one of that name is configured', async () => {
    const env = { OPENAI_API_KEY: 'k', GROQ_API_KEY: 'k', XAI_API_KEY: '', OLLAMA_HOST: '127.0.0.1:1' }
    const found = await discoverProviders(env, new Set(['groq']))
    assert.deepEqual(Object.keys(found), ['openai'])
    assert.deepEqual(found['openai'], {
      baseUrl: 'https://api.openai.com/v1',
      api: 'openai-completions',
      apiKey: { source: 'env', id: 'OPENAI_API_KEY' },
      models: [],
      defaultModel: 'gpt-5.4',
    })
    const moved = await discoverProviders({ ...env, OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' }, new Set())
    assert.equal(moved['openai']?.['baseUrl'], 'http://127.0.0.1:9/v1')
  })

  test('a running Ollama is one; a silent, broken, huge or empty one is none', async () => {
    answer = (res) => res.end(JSON.stringify({ models: [{ name: 'llama3:8b' }, { name: 'qwen' }, { name: 5 }] }))
    const ask = async () => (await discoverProviders({ OLLAMA_HOST: host() }, new Set()))['ollama']
    assert.deepEqual(await ask(), {
      baseUrl: `http://${host()}/v1`,
      api: 'openai-completions',
      models: [
        { id: 'llama3:8b', name: 'llama3:8b' },
        { id: 'qwen', name: 'qwen' },
      ],
      defaultModel: 'llama3:8b',
    })
    assert.deepEqual(await discoverProviders({ OLLAMA_HOST: host() }, new Set(['ollama'])), {})
    for (const broken of [
      (res: any) => res.end('no json'),
      (res: any) => res.end('{"models": []}'),
      (res: any) => res.writeHead(500).end('{"models":[{"name":"x"}]}'),
      (res: any) => res.destroy(),
      (res: any) => res.end(`{"models":[{"name":"${'x'.repeat(2_000_000)}"}]}`),
      () => undefined,
    ]) {
      answer = broken
      const began = performance.now()
      assert.equal(await ask(), undefined)
      assert.ok(performance.now() - began < 1_500)
    }
  })

  test('OLLAMA_HOST in every spelling', () => {
    const spellings: Record<string, string | undefined> = {
      '127.0.0.1:11434': 'http://127.0.0.1:11434',
      box: 'http://box:11434',
      '0.0.0.0:9': 'http://127.0.0.1:9',
      'http://box:1/x/': 'http://box:1/x',
      'https://box': 'https://box',
      'http://a b': undefined,
    }
    for (const [text, url] of Object.entries(spellings)) assert.equal(ollamaUrl(text), url, text)
    assert.equal(ollamaUrl(), 'http://127.0.0.1:11434')
  })
})

describe('secrets', () => {
  const resolver = (secrets: SecretsConfig, env = {}) => createSecretResolver(() => ({ env, home: folder, secrets }))
  const refuses = (work: Promise<unknown>, message: RegExp) => assert.rejects(work, { code: 'secret_unavailable', message })

  test('environment: default alias, allow list, missing, grammar', async () => {
    const resolve = resolver({ providers: { some: { source: 'env', allowlist: ['A'] } } }, { A: 'a', B: 'b', E: '' })
    assert.equal(await resolve('plain'), 'plain')
    assert.equal(await resolve({ source: 'env', id: 'B' }), 'b')
    assert.equal(await resolve({ source: 'env', provider: 'some', id: 'A' }), 'a')
    await refuses(resolve({ source: 'env', provider: 'some', id: 'B' }), /is not allowlisted in secrets.providers.some.allowlist/)
    await refuses(resolve({ source: 'env', id: 'E' }), /^Environment variable "E" is missing or empty\.$/)
    await refuses(resolve({ source: 'env', id: 'lower' }), /invalid env id/)
    await refuses(resolve({ source: 'env', provider: 'other', id: 'A' }), /"other" is not configured/)
    await refuses(resolve({ source: 'file', provider: 'some', id: '/a' }), /is of source env/)
  })

  test('file: private regular file, JSON pointer or whole', async () => {
    const path = join(folder, 'secrets.json')
    writeFileSync(path, JSON.stringify({ a: { 'b/c': 'deep', n: 5 } }), { mode: 0o600 })
    writeFileSync(join(folder, 'single'), 'one\n', { mode: 0o600 })
    const file = (provider: object) => resolver({ providers: { f: { source: 'file', path, ...provider } } })
    const ref = (id: string) => ({ source: 'file', provider: 'f', id }) as const
    assert.equal(await file({})(ref('/a/b~1c')), 'deep')
    assert.equal(await file({ path: '~/single', mode: 'singleValue' })(ref('value')), 'one')
    await refuses(file({})(ref('/a/n')), /has no text at "\/a\/n"/)
    await refuses(file({})(ref('/constructor/name')), /has no text/)
    await refuses(file({ path: 'relative.json' })(ref('/a')), /must be absolute/)
    await refuses(file({ path: join(folder, 'none') })(ref('/a')), /is not readable/)
    await refuses(file({ path: folder })(ref('/a')), /must be a file/)
    await refuses(file({ maxBytes: 5 })(ref('/a')), /exceeded maxBytes \(5\)/)
    await refuses(file({ path: join(folder, 'single') })(ref('/a')), /payload is not a JSON object/)
    symlinkSync(path, join(folder, 'link'))
    await refuses(file({ path: join(folder, 'link') })(ref('/a')), /must not be a symlink/)
    chmodSync(path, 0o640)
    await refuses(file({})(ref('/a/b~1c')), /permissions are too open/)
  })

  test('T-SEC-04 helper: absolute, private, no shell, little environment, bounded in time and size', async () => {
    const helper = join(folder, 'helper.mjs')
    const script = (body: string, mode = 0o700) => {
      writeFileSync(helper, `#!${process.execPath}\n${body}`)
      chmodSync(helper, mode)
    }
    const exec = (provider: object = {}, env = {}) =>
      resolver(
        { providers: { h: { source: 'exec', command: helper, ...provider } } },
        env,
      )({ source: 'exec', provider: 'h', id: 'some/key' })
    const answering = `let t = ''; process.stdin.on('data', (c) => (t += c)).on('end', () => { const { ids, provider } = JSON.parse(t); console.log(JSON.stringify({ protocolVersion: 1, values: { [ids[0]]: [provider, process.argv.slice(2), process.env].map((x) => JSON.stringify(x)).join() } })) })`
    script(answering)
    assert.equal(
      await exec({ args: ['; touch x', '$HOME'], passEnv: ['A'], env: { B: '2' } }, { A: '1', SECRET: 'no' }),
      '"h",["; touch x","$HOME"],{"A":"1","B":"2"}',
    )
    await refuses(exec({ command: 'helper.mjs' }), /must be an absolute path/)
    await refuses(exec({ trustedDirs: ['/usr'] }), /outside of trustedDirs/)
    symlinkSync(helper, join(folder, 'helper-link'))
    await refuses(exec({ command: join(folder, 'helper-link') }), /must not be a symlink/)
    script(answering, 0o722)
    await refuses(exec(), /must not be writable by group or others/)
    script('setInterval(() => {}, 1000)')
    await refuses(exec({ timeoutMs: 200 }), /^Exec provider "h" timed out after 200ms\.$/)
    script(`process.stdout.write('x'.repeat(1_000_000)); setInterval(() => {}, 1000)`)
    await refuses(exec(), /exceeded maxOutputBytes \(65536\)/)
    script('process.exit(3)')
    await refuses(exec(), /exited with code 3/)
    script(`console.log('plain')`)
    await refuses(exec(), /answered something that is not JSON/)
    assert.equal(await exec({ jsonOnly: false }), 'plain')
    script(`console.log(JSON.stringify({ values: {}, errors: { 'some/key': { message: 'sealed\\u001b[2J' } } }))`)
    await refuses(exec(), /sealed\\u001b\[2J/)
    for (const id of ['../x', 'a/../b', './x', ''])
      await refuses(
        resolver({ providers: { h: { source: 'exec', command: helper } } })({ source: 'exec', provider: 'h', id }),
        /invalid exec id/,
      )
  })
})

describe('authentication', () => {
  test('T-AUTH-01 mode and secret by command line, file and environment; blank values are none', async () => {
    const resolve = createSecretResolver(() => ({ env: { REF: 'resolved' }, home: folder, secrets: {} }))
    const decide = (configured: object, env = {}, flags = {}) => decideAuth(configured, env, flags, resolve)
    const T = { OPENCLAW_GATEWAY_TOKEN: 'env-token' }
    const P = { OPENCLAW_GATEWAY_PASSWORD: 'env-password' }
    const table: [configured: object, env: object, flags: object, expected: object][] = [
      [{}, {}, {}, { auth: { mode: 'token' }, missingToken: 'persist' }],
      [{ token: 't' }, T, {}, { auth: { mode: 'token', token: 't' } }],
      [{}, T, {}, { auth: { mode: 'token', token: 'env-token' } }],
      [{}, P, {}, { auth: { mode: 'password', password: 'env-password' } }],
      [{ password: 'p' }, T, {}, { auth: { mode: 'password', password: 'p' } }],
      [{ mode: 'token', password: 'p' }, {}, {}, { auth: { mode: 'token' }, missingToken: 'persist' }],
      [{ mode: 'token', token: 't', password: 'p' }, {}, {}, { auth: { mode: 'token', token: 't' } }],
      [{ mode: 'none', token: 't' }, T, {}, { auth: { mode: 'none' } }],
      [{ token: { source: 'env', id: 'REF' } }, {}, {}, { auth: { mode: 'token', token: 'resolved' } }],
      [{ token: 't' }, {}, { token: 'flag' }, { auth: { mode: 'token', token: 'flag' } }],
      [{ token: 't' }, {}, { password: 'flag' }, { auth: { mode: 'password', password: 'flag' } }],
      [{ password: 'p' }, {}, { mode: 'token' }, { auth: { mode: 'token' }, missingToken: 'ephemeral' }],
      [{ token: '${UNSET}' }, {}, {}, { auth: { mode: 'token' }, missingToken: 'ephemeral' }],
      ...['', '  ', 'undefined', 'null'].map((token): [object, object, object, object] => [
        { token },
        { OPENCLAW_GATEWAY_TOKEN: token },
        {},
        { auth: { mode: 'token' }, missingToken: 'persist' },
      ]),
    ]
    for (const [configured, env, flags, expected] of table)
      assert.deepEqual(await decide(configured, env, flags), expected, JSON.stringify([configured, env, flags]))
    await assert.rejects(decide({ token: 't', password: 'p' }), {
      code: 'auth',
      message: /^Invalid config: .* are both configured, but gateway.auth.mode is unset/,
    })
    await assert.rejects(decide({ mode: 'password' }, T), {
      code: 'auth',
      message: /^Gateway auth is set to password, but no password is configured\./,
    })
    await assert.rejects(decide({ token: { source: 'env', id: 'NONE' } }, T), { code: 'secret_unavailable' }, 'no other source steps in')
  })
})
