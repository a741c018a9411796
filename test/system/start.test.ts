import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { freePort } from '../support/process.js'
import { createSandbox, minimal, type Sandbox, token } from '../cli/sandbox.js'

describe('gateway start', { concurrency: 3 }, () => {
  const boxes: Sandbox[] = []
  const box = () => {
    const made = createSandbox()
    boxes.push(made)
    return made
  }
  after(() => Promise.all(boxes.map((each) => each.remove())))
  const bearer = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } })

  test('without a configuration one is written, private, with a new token, and the gateway runs', async () => {
    const { start, state, config, read } = box()
    const port = await freePort()
    const child = start(['gateway', '--port', String(port)])
    const url = await child.url()
    const output = child.output()
    assert.match(output, /No configuration found: wrote ~\/\.openclaw\/openclaw\.json/)
    assert.match(output, /gateway\.auth\.token/)
    const document = JSON.parse(read())
    assert.deepEqual(document, { gateway: { mode: 'local', auth: { mode: 'token', token: document.gateway.auth.token } } })
    const secret = document.gateway.auth.token
    assert.match(secret, /^[0-9a-f]{64}$/)
    assert.equal(statSync(config).mode & 0o777, 0o600)
    assert.equal(statSync(state).mode & 0o777, 0o700)
    assert.ok(!output.includes(secret), 'the token itself is shown nowhere')
    assert.match(
      output,
      new RegExp(
        `^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}[+-]\\d\\d:\\d\\d \\[gateway\\] listening on ws://127\\.0\\.0\\.1:${port}.* \\(PID ${child.process.pid}\\)$`,
        'm',
      ),
    )
    assert.match(output, /\[gateway\] agent model: local\/guide, which knows the manual only\. Set OPENAI_API_KEY/)
    assert.match(output, /\[gateway\] log file: \S+\/\.openclaw\/logs\/gateway\.jsonl/)
    assert.equal((await fetch(`${url}/v1/models`)).status, 401)
    assert.equal((await fetch(`${url}/readyz`)).status, 200, 'what is off on purpose is not missed')
    assert.equal((await fetch(`${url}/v1/models`, bearer(secret))).status, 200)
    if (process.platform === 'linux') assert.equal(readlinkSync(`/proc/${child.process.pid}/cwd`), state)
    const second = await box().run(['gateway', '--port', String(port)])
    assert.equal(second.code, 1)
    assert.match(
      second.stderr,
      new RegExp(`Gateway failed to start: another gateway instance is already listening on ws://127\\.0\\.0\\.1:${port}`),
    )
    assert.match(second.stderr, new RegExp(`^Port ${port} is already in use\\.\n- pid ${child.process.pid} `, 'm'))
    assert.match(second.stderr, /^Gateway already running locally\. Stop it \(openclaw gateway stop\) or use a different port\.$/m)
    const ended = await child.stop('SIGINT')
    assert.deepEqual([ended.code, ended.signal], [0, null])
    assert.match(ended.stdout, /\[gateway\] signal SIGINT received\n.*\[gateway\] received SIGINT; shutting down/)
    await assert.rejects(fetch(`${url}/healthz`))
  })

  test('what the configuration and the command line must say, in the order in which it is asked', async () => {
    const cases: [args: string[], document: unknown, expected: RegExp, env?: Record<string, string>][] = [
      [
        [],
        '{',
        /^Failed to read config at \S+ SyntaxError: JSON5: invalid end of input at 1:2\nConfig invalid\nFile: ~\/\.openclaw\/openclaw\.json\nProblem:\n {2}- <root>: JSON5 parse failed: .*\n\nRun: openclaw doctor --fix\n$/,
      ],
      [
        [],
        { gateway: { mode: 'local', prot: 1 } },
        /^Config invalid\n.*\nProblem:\n {2}- gateway: Unrecognized key: "prot" \(did you mean "port"\?\) \(line 4\)\n/,
      ],
      [[], { gateway: { mode: 'local', port: 'x' } }, /- gateway\.port: Invalid input: expected integer, received string \(line 4\)/],
      [[], {}, /^Gateway start blocked: set gateway\.mode=local \(current: unset\) or pass --allow-unconfigured\.\n$/],
      [['--port', '0'], minimal(), /^Invalid port\n$/],
      [['--port', '99999'], minimal(), /^Invalid port\n$/],
      [['--bind', 'moon'], minimal(), /^Invalid --bind \(use "loopback", "lan", "tailnet", "auto", or "custom"\)\n$/],
      [['--auth', 'x'], minimal(), /^Invalid --auth \(use "none", "token", "password", or "trusted-proxy"\)\n$/],
      [['--tailscale', 'serve'], minimal(), /^--tailscale serve is not supported yet\./],
      [['--password', 'a', '--password-file', 'b'], minimal(), /^Use either --password or --password-file\.\n$/],
      [['--password-file', '/none'], minimal(), /^Failed to inspect Gateway password file at \/none: Error: ENOENT/],
      [['--reset'], minimal(), /^Use --reset with --dev\.\n$/],
      [['--ws-log', 'x'], minimal(), /^Invalid --ws-log \(use "auto", "full", "compact"\)\n$/],
      [['--plugins', 'helth'], minimal(), /^Plugin not found: helth \(did you mean "health"\?\)\n$/],
      [[], minimal({}, { mode: 'remote' }), /^Gateway start blocked: set gateway\.mode=local \(current: remote\)/],
      [
        [],
        undefined,
        /^Missing config\. Run `openclaw setup` or set gateway\.mode=local \(or pass --allow-unconfigured\)\.\n$/,
        { INVOCATION_ID: 'x' },
      ],
    ]
    await eachAtOnce(cases, 4, async ([args, document, expected, env]) => {
      const { run, write, config } = box()
      if (document !== undefined) write(document)
      const { code, stderr } = await run(['gateway', ...args], env)
      assert.match(stderr, expected)
      assert.equal(code, 1)
      assert.equal(existsSync(config), document !== undefined, 'a refused start writes nothing')
    })
  })

  test('T-AUTH-01 weak, blank and missing secrets by bind: what starts and what is refused', async () => {
    type Row = [auth: object, bind: string, result: 'serves' | 'made' | RegExp, env?: Record<string, string>, args?: string[]]
    const strong = 'correct-horse-battery-staple'
    const weak = /refusing to bind gateway to 0\.0\.0\.0:\d+ with a weak secret/
    const table: Row[] = [
      [{ token: strong }, 'loopback', 'serves'],
      [{ token: strong }, 'lan', 'serves'],
      [{ token: 'short' }, 'loopback', 'serves'],
      [{ token: 'short' }, 'lan', weak],
      [{ password: 'changemechangeme' }, 'lan', weak],
      [{ mode: 'password', password: 'aaaaaaaaaaaaaaaaaaaa' }, 'lan', weak],
      [{ token: '' }, 'loopback', 'made'],
      [{ token: ' null ' }, 'lan', 'made'],
      [{}, 'lan', 'made'],
      [{}, 'loopback', 'serves', { OPENCLAW_GATEWAY_TOKEN: strong }],
      [{ mode: 'none' }, 'loopback', 'serves'],
      [{ mode: 'none' }, 'lan', /^Refusing to bind gateway to lan without auth\.\nSet gateway\.auth\.token/],
      [
        { mode: 'token', token: strong },
        'loopback',
        /^Refusing to bind gateway to lan without auth/,
        {},
        ['--bind', 'lan', '--auth', 'none'],
      ],
      [{ mode: 'password' }, 'loopback', /^Gateway auth is set to password, but no password is configured\.\nSet gateway\.auth\.password/],
      [{ mode: 'password', password: 'undefined' }, 'loopback', /no password is configured/],
      [
        { token: strong, password: strong },
        'loopback',
        /^Gateway failed to start: Error: Invalid config: gateway\.auth\.token and gateway\.auth\.password are both configured/,
      ],
      [
        { token: { source: 'env', id: 'GONE' } },
        'loopback',
        /^Gateway failed to start: Error: Startup failed: required secrets are unavailable\. SecretRefResolutionError: Environment variable "GONE" is missing or empty\.\n$/,
      ],
      [{ token: { source: 'env', id: 'HERE' } }, 'lan', 'serves', { HERE: strong }],
      [{ mode: 'trusted-proxy' }, 'lan', /it requires gateway\.trustedProxies to be configured/],
    ]
    await eachAtOnce(table, 4, async ([auth, bind, result, env, args = []]) => {
      const sandbox = box()
      sandbox.write(minimal({}, { auth, bind }))
      const child = sandbox.start(['gateway', ...args], env)
      const label = JSON.stringify([auth, bind, env, args])
      if (result instanceof RegExp) {
        const { code, stderr } = await child.finished
        assert.match(stderr.replace(/^\S+ \[config\] .*\n/m, ''), result, label)
        assert.equal(code, 1, label)
        return
      }
      const url = await child.url()
      const open = 'mode' in auth && auth.mode === 'none'
      assert.equal((await fetch(`${url}/v1/models`)).status, open ? 200 : 401, label)
      for (const blank of ['undefined', 'null', '${TOKEN}'])
        if (!open) assert.equal((await fetch(`${url}/v1/models`, bearer(blank))).status, 401, label)
      const written = JSON.parse(sandbox.read()).gateway.auth
      if (result === 'made') {
        assert.match(written.token, /^[0-9a-f]{64}$/, label)
        assert.match(
          child.output(),
          /Gateway auth token was missing\. Generated a new token and saved it to config \(gateway\.auth\.token\)\./,
        )
        assert.equal((await fetch(`${url}/v1/models`, bearer(written.token))).status, 200, label)
      } else assert.deepEqual(written, auth, `${label}: the file stays as it is`)
      assert.equal((await child.stop()).code, 0)
    })
  })

  test('T-AUTH-02 without authentication there is only loopback, and no proxy', async () => {
    const lan = /^Refusing to bind gateway to (lan|custom) without auth\.\n/
    const table: [gateway: object, result: 'serves' | RegExp][] = [
      [{ bind: 'loopback' }, 'serves'],
      [{ bind: 'auto' }, 'serves'],
      [{ bind: 'custom', customBindHost: '127.0.0.1' }, 'serves'],
      [{ bind: 'lan' }, lan],
      [{ bind: 'custom', customBindHost: '0.0.0.0' }, lan],
      [{ bind: 'loopback', trustedProxies: ['10.0.0.1'] }, /gateway\.auth\.mode=none cannot be used behind a proxy/],
    ]
    await eachAtOnce(table, 3, async ([gateway, result]) => {
      const sandbox = box()
      sandbox.write(minimal({}, { auth: { mode: 'none' }, ...gateway }))
      const child = sandbox.start(['gateway'])
      if (result === 'serves') {
        await child.url()
        await child.printed(/Gateway auth mode=none explicitly configured; all gateway connections are unauthenticated\./)
        await child.stop()
      } else assert.match((await child.finished).stderr, result, JSON.stringify(gateway))
    })
  })

  test('a missing token is put into the file without touching the rest; elsewhere it is for one run', async () => {
    const commented = box()
    const text = '// mine\n{\n  gateway: {\n    mode: "local", // here\n    port: 0,\n  },\n}\n'
    commented.write(text)
    const first = commented.start(['gateway'])
    await first.url()
    const saved = commented.read()
    const made = /"token": "([0-9a-f]{64})"/.exec(saved)?.[1] as string
    assert.equal(
      saved,
      '// mine\n{\n  gateway: {\n    mode: "local", // here\n    port: 0,\n    auth: {\n      "token": "' + made + '"\n    },\n  },\n}\n',
    )
    await first.stop()
    const again = commented.start(['gateway'])
    assert.equal((await fetch(`${await again.url()}/v1/models`, bearer(made))).status, 200)
    assert.equal(commented.read(), saved)
    const planned = box()
    planned.write(minimal({}, { auth: { token: '${MY_TOKEN}' } }))
    const before = planned.read()
    const child = planned.start(['gateway'])
    const url = await child.url()
    const [, shown] = await child.printed(/Gateway token of this run: ([0-9a-f]{64})/)
    assert.match(child.output(), /Missing env var "MY_TOKEN"/)
    assert.match(child.output(), /a restart will create a different one/)
    assert.equal((await fetch(`${url}/v1/models`, bearer(shown as string))).status, 200)
    assert.equal(planned.read(), before, 'a reference in the file is not overwritten')
    await Promise.all([again.stop(), child.stop()])
  })

  test('the command line wins over the file, secrets may come from files, a set of plugins may be chosen', async () => {
    const sandbox = box()
    sandbox.write(minimal({}, { port: 1 }))
    const port = await freePort()
    writeFileSync(join(sandbox.home, 'password'), 'from-a-file-long-enough\n')
    const flags = [
      '--port',
      String(port),
      '--password-file',
      join(sandbox.home, 'password'),
      '--auth',
      'password',
      '--plugins',
      'health,openai-models',
      '--verbose',
    ]
    const child = sandbox.start(['gateway', 'run', ...flags])
    const url = await child.url()
    assert.equal(url, `http://127.0.0.1:${port}`)
    assert.equal((await fetch(`${url}/v1/models`, bearer('from-a-file-long-enough'))).status, 200)
    assert.equal((await fetch(`${url}/v1/models`, bearer(token))).status, 401)
    const chat = await fetch(`${url}/v1/chat/completions`, { method: 'POST', ...bearer('from-a-file-long-enough') })
    assert.deepEqual([chat.status, ((await chat.json()) as any).error.code], [404, 'endpoint_disabled'])
    const { code, stderr } = await sandbox.run(['gateway', '--allow-unconfigured', '--password', 'x'])
    assert.equal(code, 1)
    assert.match(stderr, /^Warning: --password can be exposed via process listings\./)
    assert.match(
      stderr,
      new RegExp(
        `Gateway failed to start: gateway already running \\(pid ${child.process.pid}\\); lock timeout after 5000ms\nIf the gateway is supervised, stop it with: openclaw gateway stop`,
      ),
    )
    await child.stop()
    assert.deepEqual(readdirSync(join(sandbox.home, `openclaw-${process.getuid?.()}`)), [], 'the lock is released')
  })

  test('--force ends what holds the port; without it the owner is named', async () => {
    const sandbox = box()
    const port = await freePort()
    sandbox.write(minimal({}, { port }))
    const holder = sandbox.start(['gateway', '--allow-unconfigured'], {
      OPENCLAW_CONFIG_PATH: join(sandbox.home, 'other.json'),
      OPENCLAW_STATE_DIR: join(sandbox.home, 'other'),
      OPENCLAW_GATEWAY_PORT: `127.0.0.1:${port}`,
      OPENCLAW_GATEWAY_TOKEN: token,
    })
    await holder.url()
    const child = sandbox.start(['gateway', '--force'])
    await child.url()
    assert.match(child.output(), new RegExp(`^force: killed pid ${holder.process.pid} \\(.*\\) on port ${port}$`, 'm'))
    assert.equal((await holder.finished).code, 0, 'asked to leave before it is made to')
    await child.stop()
  })

  test('TLS with a certificate made at the first start, which commands of this machine trust', async () => {
    const sandbox = box()
    const port = await freePort()
    sandbox.write(minimal({}, { port, tls: { enabled: true } }))
    const child = sandbox.start(['gateway'])
    await child.printed(/listening on wss:\/\/127\.0\.0\.1:/)
    const key = join(sandbox.state, 'gateway', 'tls', 'gateway-key.pem')
    assert.equal(statSync(key).mode & 0o777, 0o600)
    await assert.rejects(fetch(`https://127.0.0.1:${port}/healthz`))
    const { stdout, stderr } = await sandbox.run(['plugins', 'list', '--json'])
    assert.equal(JSON.parse(stdout).gateway.reachable, true, stderr)
    await child.stop()
  })

  test('the development profile is apart and has its own agent', async () => {
    const { start, home } = box()
    const port = await freePort()
    const child = start(['--dev', 'gateway', '--port', String(port)])
    await child.url()
    assert.match(child.output(), /Dev config ready: ~\/\.openclaw-dev\/openclaw\.json/)
    const document = JSON.parse(readFileSync(join(home, '.openclaw-dev', 'openclaw.json'), 'utf8'))
    assert.equal(document.gateway.bind, 'loopback')
    assert.equal(document.agents.defaults.workspace, join(home, '.openclaw', 'workspace-dev'))
    assert.deepEqual(document.agents.list[0].identity, { name: 'C3-PO', theme: 'protocol droid', emoji: '🤖' })
    assert.ok(!existsSync(join(home, '.openclaw')))
    await child.stop()
  })

  test('T-ENV-02 a hostile working directory has no say', async () => {
    const sandbox = box()
    sandbox.write(minimal())
    const hostile = join(sandbox.home, 'hostile')
    for (const place of ['.config', 'node_modules/ajv', 'node_modules/koa', '.openclaw', 'logs'])
      mkdirSync(join(hostile, place), { recursive: true })
    const trap = `require('node:fs').writeFileSync(${JSON.stringify(join(sandbox.home, 'RAN'))}, __filename)`
    for (const name of [
      '.config/config.js',
      '.config/openclawrc.js',
      'openclaw.config.js',
      'node_modules/ajv/index.js',
      'node_modules/koa/index.js',
      'index.js',
    ])
      writeFileSync(join(hostile, name), trap)
    writeFileSync(join(hostile, 'package.json'), '{"openclaw": {"gateway": {"port": 1}}}')
    writeFileSync(
      join(hostile, '.env'),
      `OPENCLAW_GATEWAY_TOKEN=planted\nOPENCLAW_STATE_DIR=${hostile}\nNODE_OPTIONS=--require ./index.js\n`,
    )
    writeFileSync(join(hostile, 'openclaw.json'), '{"gateway": {"port": 1, "auth": {"token": "planted"}}}')
    const child = sandbox.start(['gateway'], {}, hostile)
    const url = await child.url()
    assert.equal((await fetch(`${url}/v1/models`, bearer('planted'))).status, 401)
    assert.equal((await fetch(`${url}/v1/models`, bearer(token))).status, 200)
    await child.stop()
    assert.ok(!existsSync(join(sandbox.home, 'RAN')))
    assert.deepEqual(readdirSync(join(hostile, 'logs')), [])
  })

  test('a plugin that is misconfigured or broken is off and named, the rest runs', async () => {
    const sandbox = box()
    const place = join(sandbox.home, 'breaks.mjs')
    writeFileSync(place, `export default { api: 1, name: 'breaks', apply() { throw new Error('\\u001b[31mon purpose\\u001b[0m') } }`)
    sandbox.write(minimal({ agents: { lits: [] }, plugins: { load: { paths: [place, './none.mjs'] } } }))
    const child = sandbox.start(['gateway'])
    const url = await child.url()
    assert.match(child.output(), /\[gateway\] plugin "agents" is off: .*agents: Unrecognized key: "lits"/)
    assert.match(child.output(), /\[gateway\] plugin "breaks" is off: .*on purpose/)
    assert.match(child.output(), /\[gateway\] plugin "none" is off: plugin path not found: /)
    assert.ok(!child.output().includes('\u001b'), 'control characters never reach the terminal')
    assert.equal((await fetch(`${url}/healthz`)).status, 200)
    await child.stop()
  })

  test('a provider is found by its key and named as the model that answers', async () => {
    const sandbox = box()
    sandbox.write(minimal())
    const child = sandbox.start(['gateway'], { OPENAI_API_KEY: 'sk-planted-key-for-tests', OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' })
    await child.url()
    assert.match(child.output(), /\[gateway\] agent model: openai\/gpt-5\.4/)
    assert.ok(!sandbox.read().includes('openai'), 'found, not written')
    const { stdout } = await child.stop()
    assert.ok(!stdout.includes('sk-planted'))
  })
})

/** Run cases a few at a time: each is a process of its own. */
async function eachAtOnce<T>(cases: readonly T[], width: number, run: (each: T) => Promise<void>) {
  const left = [...cases]
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await run(next)
  }
  await Promise.all(Array.from({ length: width }, worker))
}
