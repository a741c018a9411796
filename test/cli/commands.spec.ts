import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, describe, test } from 'node:test'
import { build } from 'esbuild'
import { formatRecord } from '../../cli/gateway/console.js'
import { localTime } from '../../plugins/contracts/units.js'
import { type Command, hoistSubcommand } from '../../cli/commands.js'
import { createOutput, drawTable } from '../../cli/output.js'
import { parseCommand } from '../../cli/parse.js'
import { callProgram as call } from './call-program.js'
import { type Child, createSandbox, minimal, type Sandbox, token } from './sandbox.js'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }

describe('command line', { concurrency: 3 }, () => {
  let sandbox: Sandbox
  before(() => {
    sandbox = createSandbox()
  })
  after(() => sandbox.remove())

  test('version and help, on every level', async () => {
    const { run } = sandbox
    const [short, long, none, group, groupFlag, command, runHelp] = await Promise.all([
      run(['-V']),
      run(['--profile', 'x', '--version']),
      run([]),
      run(['config']),
      run(['plugins', '--help']),
      run(['config', 'get', 'x', '-h']),
      run(['help', 'gateway']),
    ])
    for (const each of [short, long]) assert.deepEqual([each.stdout, each.code], [`OpenClaw ${version}\n`, 0])
    for (const each of [none, group, groupFlag, command, runHelp]) assert.deepEqual([each.code, each.stderr], [0, ''])
    for (const word of ['gateway', 'config', 'plugins']) assert.match(none.stdout, new RegExp(`^ {2}${word} \\*? `, 'm'))
    assert.match(group.stdout, /config validate {2,}Check the configuration file/)
    assert.match(groupFlag.stdout, /plugins inspect \[id\]/)
    assert.match(command.stdout, /^Usage: openclaw config get <path> \[flags\]\n\n/)
    assert.match(runHelp.stdout, /--password-file <path>/)
  })

  test('what is not understood is said in one line, with exit code 1 or 2', async () => {
    const cases: [args: string[], stderr: string, code?: number][] = [
      [['cnofig'], "error: unknown command 'cnofig'\n(did you mean 'config'?)"],
      [['qwertz'], "error: unknown command 'qwertz'"],
      [['config', 'valdate'], "error: unknown command 'valdate'\n(did you mean 'validate'?)"],
      [['gateway', 'nosuch'], "error: too many arguments for 'gateway'. Expected 0 arguments but got 1."],
      [['gateway', '--bogus-flag'], "error: unknown option '--bogus-flag'"],
      [['gateway', 'run', '--bogus=1'], "error: unknown option '--bogus'"],
      [['--bogus', 'gateway'], "error: unknown option '--bogus'"],
      [['gateway', '--port'], "error: option '--port <port>' argument missing"],
      [['config', 'get'], "error: missing required argument 'path'"],
      [['config', 'file', 'x', 'y'], "error: too many arguments for 'config file'. Expected 0 arguments but got 2."],
      [['--profile', 'a b', 'gateway'], '[openclaw] Invalid --profile (use letters, numbers, "_", "-" only)', 2],
      [['--dev', '--profile', 'x', 'gateway'], '[openclaw] Cannot combine --dev with --profile', 2],
      [['config', 'file', '--profile'], '[openclaw] --profile requires a value', 2],
    ]
    const results = await Promise.all(cases.map(([args]) => call(sandbox, args)))
    for (const [at, [args, stderr, code = 1]] of cases.entries())
      assert.deepEqual([results[at]?.stderr, results[at]?.code, results[at]?.stdout], [`${stderr}\n`, code, ''], args.join(' '))
  })

  test('T-LOG-01 what strangers say reaches the terminal escaped and cut', () => {
    const hostile = '\u001b]0;title\u0007\r\nforged [gateway] line \u202e\ud800 \u009b31m'
    const line = formatRecord({ time: 0, level: 'info', from: 'x\ny', message: hostile + 'z'.repeat(20_000) })
    assert.match(line, /^[\x20-\x7e…]+$/)
    assert.ok(line.length < 8_192 + 200)
    assert.match(localTime(new Date()), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/)
    assert.equal(new Date(localTime(new Date(1_700_000_000_123))).getTime(), 1_700_000_000_123)
    const table = drawTable(['A', 'B'], [['one', 'x'.repeat(300)]], 60).split('\n')
    for (const row of table) assert.equal(row.length, 60)
    let printed = ''
    const out = createOutput({ write: (text) => (printed += text) }, { write: (text) => (printed += text) })
    out.print(hostile)
    out.error(hostile)
    out.json({ hostile })
    out.table([hostile], [[hostile]])
    assert.match(printed, /^[\x20-\x7e\n│┌─┬┐├┼┤└┴┘]+$/)
  })

  test('tables break at spaces and keep words whole while they fit', () => {
    const id = 'a'.repeat(30)
    const lines = drawTable(['Id', 'Scopes'], [[id, 'one, two, three, four, five, six, seven']], 56).split('\n')
    assert.equal(lines[3], `│ ${id} │ one, two, three,    │`)
    assert.equal(lines[4], `│ ${' '.repeat(30)} │ four, five, six,    │`)
    assert.equal(new Set(lines.map(({ length }) => length)).size, 1)
  })

  test('flags before a subcommand are its own; short names, repeats, values that look like commands', () => {
    const row = (name: string, ...flags: string[]): Command => ({ name, summary: '', options: flags.map((flag) => [flag, '']) })
    const commands = [
      row('gateway', '--port <port>', '--verbose'),
      row('gateway run', '--port <port>'),
      row('gateway status', '--token <token>'),
    ]
    const cases: [args: string, hoisted: string][] = [
      ['gateway --port 1 run', 'gateway run --port 1'],
      ['gateway --token x status --json', 'gateway status --token x --json'],
      ['gateway --token=x status', 'gateway status --token=x'],
      ['gateway --token status', 'gateway --token status'],
      ['gateway --verbose nosuch', 'gateway --verbose nosuch'],
      ['gateway -- status', 'gateway -- status'],
      ['gateway status --token run', 'gateway status --token run'],
    ]
    for (const [args, hoisted] of cases) assert.equal(hoistSubcommand(commands, args.split(' ')).join(' '), hoisted)
    const say = row('say', '-m, --message <text>', '--scope <scope...>', '--no-probe')
    const read = (...args: string[]) => parseCommand(say, args).options
    assert.deepEqual([read('-m', '007')['message'], read('--message=a=b')['message'], read()['message']], ['007', 'a=b', undefined])
    assert.deepEqual([read('--scope', 'a', '--scope=1')['scope'], read()['scope']], [['a', '1'], []])
    assert.deepEqual([read()['probe'], read('--no-probe')['probe']], [true, false])
  })

  test('help and commands about files load no WebSocket library', async () => {
    const { metafile } = await build({
      absWorkingDir: repository,
      entryPoints: ['cli/main.ts'],
      outdir: 'out',
      bundle: true,
      splitting: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'esm',
      conditions: ['openclaw-source'],
      packages: 'external',
      logLevel: 'silent',
    })
    const importsOf = (from: string, seen = new Set<string>()): Set<string> => {
      for (const { path, kind, external } of metafile.outputs[from]?.imports ?? []) {
        if (kind !== 'import-statement' || seen.has(path)) continue
        seen.add(path)
        if (!external) importsOf(path, seen)
      }
      return seen
    }
    const entryOf = (source: string) =>
      Object.keys(metafile.outputs).find((output) => metafile.outputs[output]?.entryPoint === source) ?? assert.fail(source)
    for (const source of ['cli/main.ts', 'cli/offline.ts', 'cli/help.ts', 'plugins/ws-protocol/manifest.ts', 'plugins/config/get.ts'])
      assert.equal(importsOf(entryOf(source)).has('ws'), false, source)
    assert.equal(importsOf(entryOf('cli/rpc/connect.ts')).has('ws'), true)
  })
})

describe('config', { concurrency: 3 }, () => {
  const boxes: Sandbox[] = []
  const box = (document?: unknown) => {
    const made = createSandbox()
    boxes.push(made)
    if (document !== undefined) made.write(document)
    return made
  }
  after(() => Promise.all(boxes.map((each) => each.remove())))

  test('get: effective values, masked secrets, exit codes', async () => {
    const document = {
      gateway: { mode: 'local', port: 18_790, auth: { mode: 'token', token: '${TOKEN}' } },
      models: {
        providers: {
          p: { baseUrl: 'http://x/v1', apiKey: 'sk-very-secret', headers: { 'x-a': 'also-secret' }, models: [{ id: 'm/1.5' }] },
        },
      },
      agents: { defaults: { models: { 'p/m-1.5': { alias: 'fast' } } } },
      plugins: { entries: { health: { enabled: true } } },
    }
    const sandbox = box(document)
    const cases: [args: string[], stdout: string | RegExp, code?: number, stderr?: RegExp][] = [
      [['gateway.port'], '18790\n'],
      [['gateway.port', '--json'], '18790\n'],
      [['gateway.auth.token'], '__OPENCLAW_REDACTED__\n'],
      [['gateway.auth'], /^\{\n {2}"mode": "token",\n {2}"token": "__OPENCLAW_REDACTED__"\n\}\n$/],
      [['models.providers.p'], /"apiKey": "__OPENCLAW_REDACTED__",\n(.*\n)* {4}"x-a": "__OPENCLAW_REDACTED__"/],
      [['models.providers.p.models[0].id'], 'm/1.5\n'],
      [['agents.defaults.models.p/m-1.5.alias'], 'fast\n'],
      [['gateway.http.headerLines'], '100\n'],
      [['logging.level'], 'info\n'],
      [['nowhere.at.all'], '', 1, /^Config path not found: nowhere\.at\.all\n$/],
      [['models.providers.p.models.x'], '', 1, /^Expected numeric index for array segment "x"\n$/],
      [['a[0'], '', 1, /^Invalid path \(missing "\]"\): a\[0\n$/],
      [['a[]'], '', 1, /^Invalid path \(empty "\[\]"\): a\[\]\n$/],
      [['a.__proto__'], '', 1, /^Invalid path segment: __proto__\n$/],
      [[' '], '', 1, /^Path is empty\.\n$/],
    ]
    const results = await Promise.all(cases.map(([args]) => call(sandbox, ['config', 'get', ...args], { TOKEN: 'a-token' })))
    for (const [at, [args, stdout, code = 0, stderr = /^$/]] of cases.entries()) {
      const result = results[at] as NonNullable<(typeof results)[number]>
      if (typeof stdout === 'string') assert.equal(result.stdout, stdout, args.join(' '))
      else assert.match(result.stdout, stdout, args.join(' '))
      assert.match(result.stderr, stderr, args.join(' '))
      assert.equal(result.code, code, args.join(' '))
      assert.doesNotMatch(result.stdout, /very-secret|also-secret|a-token/)
    }
  })

  test('validate: valid, missing, invalid, as text and as JSON; other commands print the guard', async () => {
    const good = box(minimal({ channels: {} }, { auth: { token: '${UNSET_TOKEN}' } }))
    const missing = box()
    const bad = box({ gateway: { mode: 'local', bind: 'moon' }, agents: { list: [{ id: 'a', nmae: 'x' }] }, logging: { level: 5 } })
    const [text, json, gone, goneJson, wrong, wrongJson, guard] = await Promise.all([
      call(good, ['config', 'validate']),
      call(good, ['config', 'validate', '--json']),
      call(missing, ['config', 'validate']),
      call(missing, ['config', 'validate', '--json']),
      call(bad, ['config', 'validate']),
      call(bad, ['config', 'validate', '--json']),
      call(bad, ['config', 'get', 'gateway.mode']),
    ])
    assert.deepEqual([text.stdout, text.code], ['Config valid: ~/.openclaw/openclaw.json\n', 0])
    assert.match(
      text.stderr,
      /^Config warnings:\n- gateway\.auth\.token: Missing env var "UNSET_TOKEN" .*\n- channels: not supported yet, ignored\n$/,
    )
    assert.deepEqual([json.stdout, json.code], [`${JSON.stringify({ valid: true, path: good.config })}\n`, 0])
    assert.deepEqual([gone.stdout, gone.stderr, gone.code], ['', 'Config file not found: ~/.openclaw/openclaw.json\n', 1])
    assert.deepEqual(JSON.parse(goneJson.stdout), { valid: false, path: missing.config, error: 'file not found' })
    const lines = [
      '× gateway.bind: Invalid input (allowed: "auto", "loopback", "lan", "tailnet", "custom") (line 4)',
      '× agents.list.0: Unrecognized key: "nmae" (did you mean "name"?) (line 10)',
      '× logging.level: Invalid input: expected string, received number (line 15)',
    ]
    assert.match(wrong.stderr, /^Config invalid at ~\/\.openclaw\/openclaw\.json:\n/)
    for (const line of lines) assert.ok(wrong.stderr.includes(`  ${line}\n`), `${line} in ${wrong.stderr}`)
    assert.match(wrong.stderr, /\n\nRun `openclaw doctor` to repair, or fix the keys above manually\.\n$/)
    assert.deepEqual([wrong.stdout, wrong.code, wrongJson.code, wrongJson.stderr], ['', 1, 1, ''])
    const parsed = JSON.parse(wrongJson.stdout)
    assert.deepEqual(
      parsed.issues.find((issue: any) => issue.path === 'gateway.bind'),
      {
        path: 'gateway.bind',
        message: 'Invalid input (allowed: "auto", "loopback", "lan", "tailnet", "custom")',
        line: 4,
        allowedValues: ['auto', 'loopback', 'lan', 'tailnet', 'custom'],
      },
    )
    assert.match(guard.stderr, /^Config invalid\nFile: ~\/\.openclaw\/openclaw\.json\nProblem:\n {2}- gateway\.bind: /)
    assert.deepEqual([guard.code, guard.stdout], [1, ''])
  })

  test('schema and file, also without a valid configuration', async () => {
    const broken = box('{ broken')
    const run = (args: string[]) => call(broken, args)
    const [whole, part, none, file, elsewhere] = await Promise.all([
      run(['config', 'schema']),
      run(['config', 'schema', 'models.providers.any.baseUrl', '--json']),
      run(['config', 'schema', 'gateway.nothing']),
      run(['config', 'file']),
      run(['--profile', 'work', 'config', 'file']),
    ])
    const schema = JSON.parse(whole.stdout)
    assert.equal(schema.properties.gateway.properties.port.type, 'integer')
    assert.ok(schema.properties.logging.properties.level.enum)
    assert.equal(JSON.parse(part.stdout).type, 'string')
    assert.deepEqual([none.stderr, none.code], ['Config path not found: gateway.nothing\n', 1])
    assert.deepEqual([file.stdout, file.code], ['~/.openclaw/openclaw.json\n', 0])
    assert.equal(elsewhere.stdout, '~/.openclaw-work/openclaw.json\n')
  })
})

describe('plugins', () => {
  let sandbox: Sandbox
  let child: Child
  let url = ''
  before(async () => {
    sandbox = createSandbox()
    const faulty = join(sandbox.home, 'faulty.mjs')
    writeFileSync(
      faulty,
      `export default { api: 1, name: 'faulty', apply(kernel) {
        kernel.hooks.ready.tap(() => { throw new Error('fault on purpose \\u001b[2J') })
      } }`,
    )
    sandbox.write(
      minimal({
        gateway: { ...minimal().gateway, http: { endpoints: { chatCompletions: { enabled: false } } } },
        plugins: { load: { paths: ['../faulty.mjs'] } },
      }),
    )
    child = sandbox.start(['gateway'])
    url = await child.url()
  })
  after(() => sandbox.remove())
  const ask = (...args: string[]) => call(sandbox, ['plugins', ...args], { OPENCLAW_GATEWAY_PORT: new URL(url).port })

  test('the route answers the inspection to operators alone', async () => {
    assert.equal((await fetch(`${url}/__openclaw__/plugins`)).status, 401)
    const answer = await fetch(`${url}/__openclaw__/plugins`, { headers: { authorization: `Bearer ${token}` } })
    const inspection = (await answer.json()) as any
    assert.equal(inspection.pid, child.process.pid)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(inspection.plugins.find((each: any) => each.name === 'openai-chat').state, 'off')
  })

  test('list and inspect show the running state, and without a gateway the configuration', async () => {
    const [list, listJson, enabled, inspect, inspectJson, all, unknown, nothing, offline] = await Promise.all([
      ask('list', '--verbose'),
      ask('list', '--json'),
      ask('list', '--enabled', '--json'),
      ask('inspect', 'faulty'),
      ask('info', 'faulty', '--json'),
      ask('inspect', '--all', '--json'),
      ask('inspect', 'nope'),
      ask('inspect'),
      call(sandbox, ['plugins', 'inspect', 'faulty'], { OPENCLAW_GATEWAY_PORT: '9' }),
    ])
    assert.match(list.stdout, /^Plugins \(\d+\/\d+ enabled\)\n┌/)
    assert.match(list.stdout, /│ openai-chat +│ off +│ bundled +│/)
    assert.match(list.stdout, /^openai-chat: turned off by gateway\.http\.endpoints\.chatCompletions\.enabled$/m)
    const records = JSON.parse(listJson.stdout).plugins
    assert.deepEqual(
      records.find((each: any) => each.id === 'faulty'),
      {
        id: 'faulty',
        origin: 'external',
        enabled: true,
        status: 'active',
        section: 'plugins.entries.faulty.config',
        source: join(sandbox.home, 'faulty.mjs'),
      },
    )
    assert.ok(JSON.parse(enabled.stdout).plugins.every((each: any) => each.enabled))
    assert.match(
      inspect.stdout,
      /^faulty\nStatus: active\nOrigin: external\nSource: .*faulty\.mjs\nSection: plugins\.entries\.faulty\.config\nHooks: ready\nFaults: 1 /,
    )
    assert.match(inspect.stdout, /Last fault: .* in ready: .*fault on purpose \\u001b\[2J/)
    assert.equal(JSON.parse(inspectJson.stdout).running.faults.total, 1)
    assert.ok(JSON.parse(all.stdout).plugins.length >= records.length)
    assert.deepEqual([unknown.stderr, unknown.code], ['Plugin not found: nope\n', 1])
    assert.deepEqual([nothing.stderr, nothing.code], ["error: missing required argument 'id' (or pass --all)\n", 1])
    assert.match(offline.stdout, /^faulty\nStatus: enabled\n(.*\n)*\nGateway not reachable; showing the configuration alone\.\n$/)
    for (const each of [list, listJson, enabled, inspect, inspectJson, all, offline]) assert.deepEqual([each.code, each.stderr], [0, ''])
  })

  test('a configuration that others can read is warned of while the gateway runs', { skip: process.platform === 'win32' }, async () => {
    const open = createSandbox()
    open.write(minimal())
    chmodSync(open.config, 0o644)
    const gateway = open.start(['gateway'])
    await gateway.printed(/\[config\] \S+ holds secrets and other users can read or write it: chmod 600 /)
    await open.remove()
  })
})
