import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { use } from 'openclaw'
import { definePlugin, type Log } from 'openclaw/plugin'
import type { TestGateway } from 'openclaw/testing'
import { Routes } from '../../../plugins/contracts/http.js'
import logs from '../../../plugins/logs/index.js'
import { gatewaysOfSuite } from '../../support/gateways.js'

interface Line extends Record<string, unknown> {
  time: string
  level: string
  from: string
  msg: string
}

/** Logs what a request asks for, and answers. */
function talker() {
  const held: { log?: Log } = {}
  const plugin = definePlugin({
    api: 1,
    name: 'talker',
    apply(kernel) {
      held.log = kernel.log
      kernel.surface(Routes).tap((routes) =>
        routes.get('/plugins/talker/', { auth: 'gateway', scope: 'operator.read', raw: true, match: 'prefix' }, (req, _res, call) => {
          kernel.log.info('heard', { agent: req.headers['user-agent'] })
          call.note({ agent: 'main', model: 'local/echo' })
          call.replyText(200, 'ok')
        }),
      )
    },
  })
  return { plugin, log: () => held.log as Log }
}

describe('logs', () => {
  const start = gatewaysOfSuite()
  let root = ''
  let state = ''
  let file = ''
  let count = 0
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'logs-'))
  })
  beforeEach(() => {
    state = join(root, String(count++))
    file = join(state, 'logs', 'gateway.jsonl')
  })
  after(() => rm(root, { recursive: true, force: true }))

  const boot = (config: object = {}, ...plugins: Parameters<typeof use>[0][]) =>
    start({ plugins: [use(logs, config as never), ...plugins], paths: { state } })
  const lines = async (path = file): Promise<Line[]> =>
    (await readFile(path, 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  const served = (found: Line[]) => found.filter(({ from, msg }) => from === 'http' && msg === 'served')
  const get = async (gateway: TestGateway, path: string, headers: Record<string, string> = {}) => {
    const response = await gateway.fetch(path, { headers })
    await response.text()
    return response
  }

  test('a served request is one line: method, path without query, status, duration, bytes, request id', async () => {
    const { plugin } = talker()
    const gateway = await boot({}, plugin)
    const response = await get(gateway, '/plugins/talker/hi?token=not-for-the-log', { 'x-request-id': 'request-1234' })
    assert.equal(response.headers.get('x-request-id'), 'request-1234')
    await gateway.close()
    const [line, ...more] = served(await lines())
    assert.deepEqual(more, [])
    assert.ok(line)
    const { time, durationMs, bytes, ...rest } = line
    assert.equal(new Date(time).toISOString(), time)
    assert.ok((durationMs as number) >= 0 && (bytes as number) > 100)
    assert.deepEqual(rest, {
      level: 'info',
      from: 'http',
      msg: 'served',
      method: 'GET',
      path: '/plugins/talker/hi',
      status: 200,
      agent: 'main',
      model: 'local/echo',
      requestId: 'request-1234',
    })
    assert.doesNotMatch(await readFile(file, 'utf8'), /not-for-the-log/)
  })

  test('a line is on the disk within a second, and everything is at the latest on close', async () => {
    const { plugin, log } = talker()
    const gateway = await boot({}, plugin)
    log().info('first')
    await new Promise((resolve) => setTimeout(resolve, 900))
    assert.ok((await lines()).some(({ msg }) => msg === 'first'))
    log().info('last')
    await gateway.close()
    assert.ok((await lines()).some(({ msg }) => msg === 'last'))
  })

  test('the file has mode 0600 in a directory of mode 0700', async () => {
    const { plugin, log } = talker()
    const gateway = await boot({}, plugin)
    log().info('one line')
    await gateway.close()
    assert.equal((await stat(join(state, 'logs'))).mode & 0o777, 0o700)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
  })

  test('T-LOG-01 remote text is a field: escaped, capped, one line of valid JSON each', async () => {
    const { plugin, log } = talker()
    const gateway = await boot({ level: 'trace' }, plugin)
    const poison = [
      'a\r\n{"level":"fatal","msg":"forged"}',
      '\u001b[2J\u001b]0;owned\u0007',
      'admin\u202egnp.exe\u2066',
      '\u0000\u0085\u009b31m\u2028\u2029\ufeff',
      '\ud800 lone',
      'x'.repeat(65_536),
    ]
    for (const text of poison) {
      log().warn(text, { agent: text, [text.slice(0, 80)]: text, nested: { deep: [text, { text }] } })
    }
    await get(gateway, '/plugins/talker/%1B%5B2J%0D%0A', { 'user-agent': '\u0080\u009b31m\u00ff' })
    await get(gateway, `/plugins/talker/${'y'.repeat(6_000)}`, { 'user-agent': 'z'.repeat(8_000) })
    await gateway.close()
    const text = await readFile(file, 'utf8')
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]/)
    const all = text.split('\n').filter(Boolean)
    for (const line of all) assert.ok(Buffer.byteLength(line) <= 8_192 + 64, `${Buffer.byteLength(line)} bytes`)
    const found = await lines()
    assert.equal(found.filter(({ msg }) => msg === 'forged').length, 0)
    assert.equal(found.filter(({ from, level }) => from === 'talker' && level === 'warn').length, poison.length)
    for (const { path } of served(found)) assert.ok(String(path).length <= 260)
    for (const { agent } of found.filter(({ msg }) => msg === 'heard')) assert.ok(String(agent).length <= 1_600)
  })

  test('a line that would be too long says so and keeps its message', async () => {
    const { plugin, log } = talker()
    const gateway = await boot({}, plugin)
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`key${i}`, 'ü'.repeat(300)]))
    log().info('huge', { many, again: many, third: many })
    await gateway.close()
    const line = (await lines()).find(({ msg }) => msg === 'huge')
    assert.ok(line && (line['truncatedBytes'] as number) > 8_192)
    assert.deepEqual(Object.keys(line), ['time', 'level', 'from', 'msg', 'truncatedBytes'])
  })

  test('values of every kind are written, and what cannot be read is said', async () => {
    const { plugin, log } = talker()
    const gateway = await boot({}, plugin)
    const circular: Record<string, unknown> = { name: 'loop' }
    circular['self'] = circular
    const trap = {
      get value(): string {
        throw new Error('no')
      },
    }
    log().info('kinds', {
      level: 'mine',
      big: 12n,
      error: Object.assign(new Error('broken'), { code: 'E_BROKEN' }),
      buffer: Buffer.from('secret bytes'),
      when: new Date(0),
      circular,
      trap,
      list: [1, null, true, undefined, () => 1],
    })
    await gateway.close()
    const line = (await lines()).find(({ msg }) => msg === 'kinds') as Line
    assert.equal(line.level, 'info')
    assert.equal(line['_level'], 'mine')
    assert.equal(line['big'], '12')
    assert.equal((line['error'] as { code: string }).code, 'E_BROKEN')
    assert.equal(line['buffer'], '[12 bytes]')
    assert.equal(line['when'], '1970-01-01T00:00:00.000Z')
    assert.equal((line['circular'] as { name: string }).name, 'loop')
    assert.ok('trap' in line)
    assert.deepEqual((line['list'] as unknown[]).slice(0, 3), [1, null, true])
  })

  test('T-SEC-01 secrets of the configuration, key-shaped text and configured patterns are masked', async () => {
    const { plugin, log } = talker()
    const gateway = await boot({ redactPatterns: ['badge-\\d+', '/PIN \\d{4}/'] }, plugin)
    const key = `sk-${'a1B2c3D4'.repeat(4)}`
    log().info(`token ${gateway.token}`, {
      token: gateway.token,
      list: [gateway.token],
      key,
      badge: 'Badge-4711',
      note: 'PIN 1234, pin 5678',
    })
    log().error('failed', { error: new Error(`refused ${gateway.token}`), [gateway.token]: true })
    await get(gateway, `/plugins/talker/${gateway.token}`)
    await get(gateway, `/plugins/talker/${'p'.repeat(230)}${gateway.token}`)
    await gateway.close()
    const text = await readFile(file, 'utf8')
    assert.ok(!text.includes(gateway.token))
    assert.ok(!text.includes(gateway.token.slice(0, 20)), 'not the beginning of it either')
    assert.ok(!text.includes(key))
    assert.doesNotMatch(text, /badge-4711|PIN 1234/i)
    assert.match(text, /pin 5678/)
  })

  test('redactSensitive off leaves the patterns alone and still masks known secrets', async () => {
    const { plugin, log } = talker()
    const gateway = await boot({ redactSensitive: 'off', redactPatterns: ['badge-\\d+'] }, plugin)
    log().info(`badge-4711 ${gateway.token}`)
    await gateway.close()
    const text = await readFile(file, 'utf8')
    assert.match(text, /badge-4711/)
    assert.ok(!text.includes(gateway.token))
  })

  test('a pattern that does not compile is refused by its path', async () => {
    const gateway = await boot()
    const bad = use(logs, { redactPatterns: ['fine', '('] } as never)
    await assert.rejects(gateway.reload({ plugins: [bad] }), /logging\.redactPatterns\.1/)
    assert.equal(gateway.inspect().plugins.find(({ name }) => name === 'logs')?.state, 'active')
    await gateway.close()
  })

  test('a flood of refused requests costs a few lines and a count', async () => {
    const { plugin } = talker()
    const gateway = await boot({}, plugin)
    for (let batch = 0; batch < 10; batch++)
      await Promise.all(Array.from({ length: 20 }, () => get(gateway, '/plugins/talker/x', { authorization: '' })))
    await gateway.close()
    const found = (await lines()).filter(({ from }) => from === 'http')
    assert.equal(served(found).length, 5)
    const folded = found.filter(({ msg }) => msg === 'refused')
    assert.deepEqual(
      folded.map(({ level, status, count: times, addresses }) => ({ level, status, times, addresses })),
      [{ level: 'warn', status: 401, times: 195, addresses: 1 }],
    )
  })

  test('T-LOG-03 lines that repeat are counted', async () => {
    const { plugin, log } = talker()
    const gateway = await boot({}, plugin)
    for (let i = 0; i < 100_000; i++) log().warn('the same again', { port: 1 })
    log().warn('another')
    await gateway.close()
    const found = await lines()
    assert.equal(found.filter(({ msg }) => msg === 'the same again').length, 1)
    const repeats = found.filter(({ msg }) => msg === 'the line before was repeated')
    assert.equal(
      repeats.reduce((total, { count: times }) => total + (times as number), 0),
      99_999,
    )
    assert.equal(found.filter(({ msg }) => msg === 'another').length, 1)
  })

  test('T-LOG-03 rotated by size, bounded in number, the last lines kept', async () => {
    const { plugin, log } = talker()
    const gateway = await boot({ maxFileBytes: 65_536, maxFiles: 2 }, plugin)
    for (let batch = 0; batch < 12; batch++) {
      for (let i = 0; i < 200; i++) log().info('filler', { batch, i, text: 'f'.repeat(200) })
      await new Promise((resolve) => setTimeout(resolve, 60))
    }
    log().info('the very last')
    await gateway.close()
    const files = (await readdir(join(state, 'logs'))).sort()
    assert.deepEqual(files, ['gateway.jsonl', 'gateway.jsonl.1', 'gateway.jsonl.2'])
    for (const name of files) {
      const { size, mode } = await stat(join(state, 'logs', name))
      assert.ok(size <= 3 * 65_536, `${name}: ${size}`)
      assert.equal(mode & 0o777, 0o600)
      await lines(join(state, 'logs', name))
    }
    const newest = [...(await lines(`${file}.1`)), ...(await lines())]
    assert.ok(newest.some(({ msg }) => msg === 'the very last'))
  })

  test('a level change is live: the plugin is not replaced', async () => {
    const { plugin, log } = talker()
    const gateway = await boot({}, plugin)
    log().info('heard')
    log().debug('too fine')
    const report = await gateway.reload({ plugins: [use(logs, { level: 'debug' } as never), plugin] })
    assert.equal(report.steps.find(({ name }) => name === 'logs')?.action, 'update')
    log().debug('fine now')
    await gateway.reload({ plugins: [use(logs, { level: 'silent' } as never), plugin] })
    log().fatal('unheard')
    await gateway.close()
    const messages = (await lines()).map(({ msg }) => msg)
    assert.deepEqual(
      ['heard', 'too fine', 'fine now', 'unheard'].map((msg) => messages.includes(msg)),
      [true, false, true, false],
    )
  })

  test('replacing it under load loses and repeats no line', async () => {
    const { plugin, log } = talker()
    const gateway = await boot({}, plugin)
    let next = 0
    const writer = setInterval(() => {
      for (let i = 0; i < 20; i++) log().info('numbered', { number: next++ })
    }, 1)
    for (let round = 0; round < 20; round++) {
      const report = await gateway.reload({ plugins: [use(logs, { redactPatterns: [`round-${round}`] } as never), plugin] })
      assert.equal(report.steps.find(({ name }) => name === 'logs')?.action, 'replace')
      await new Promise((resolve) => setTimeout(resolve, 15))
    }
    clearInterval(writer)
    await gateway.close()
    const numbers = (await lines()).filter(({ msg }) => msg === 'numbered').map(({ number }) => number)
    assert.ok(next > 200)
    assert.deepEqual(
      numbers,
      Array.from({ length: next }, (_, i) => i),
    )
  })

  test('a disk that fails costs no request: said once, lines held, written when it works again', async () => {
    await writeFile(state, 'in the way')
    const { plugin, log } = talker()
    const gateway = await boot({}, plugin)
    log().info('while it fails')
    for (let i = 0; i < 20; i++) assert.equal((await get(gateway, '/plugins/talker/x')).status, 200)
    await new Promise((resolve) => setTimeout(resolve, 600))
    const told = () => gateway.log.filter(({ from, message }) => from === 'logs' && message.includes(file))
    assert.deepEqual(
      told().map(({ level }) => level),
      ['error'],
    )
    assert.equal(gateway.inspect().plugins.find(({ name }) => name === 'logs')?.state, 'active')
    await unlink(state)
    for (let tries = 0; told().length < 2 && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 50))
    assert.deepEqual(
      told().map(({ level }) => level),
      ['error', 'warn'],
    )
    log().info('after it')
    await gateway.close()
    const messages = (await lines()).map(({ msg }) => msg)
    assert.ok(messages.includes('while it fails') && messages.includes('after it'))
  })

  test('a file that was taken away is made again', async () => {
    const { plugin, log } = talker()
    const gateway = await boot({}, plugin)
    await unlink(file).catch(() => undefined)
    log().info('into the new one')
    await gateway.close()
    assert.ok((await lines()).some(({ msg }) => msg === 'into the new one'))
  })

  test('a line cut short by a crash does not swallow the next one', async () => {
    await mkdir(join(state, 'logs'), { recursive: true })
    await writeFile(file, '{"time":"2026-01-01T00:00:00.000Z","le')
    const { plugin, log } = talker()
    const gateway = await boot({}, plugin)
    log().info('after the crash')
    await gateway.close()
    const whole = (await readFile(file, 'utf8')).split('\n').filter((line) => line.endsWith('}'))
    assert.ok(whole.some((line) => JSON.parse(line).msg === 'after the crash'))
  })

  test('without a state directory and without a file it writes nothing and does not fail', async () => {
    const gateway = await start({ plugins: [logs] })
    assert.equal(gateway.inspect().plugins.find(({ name }) => name === 'logs')?.state, 'active')
    assert.deepEqual(gateway.inspect().plugins.find(({ name }) => name === 'logs')?.taps, [])
    await gateway.close()
  })
})
