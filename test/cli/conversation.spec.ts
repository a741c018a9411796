import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { keysOf, names, type Running, startRunning } from './running.js'

describe('agent, sessions and models', () => {
  let running: Running
  before(async () => {
    running = await startRunning()
  })
  after(() => running.stop())

  test('agent speaks in a session that can be listed and exported', async () => {
    const { stdout, code, stderr } = await running.call('agent', '--agent', 'main', '-m', 'hello there')
    assert.deepEqual([stdout, code, stderr], ['You said: hello there\n', 0, ''])
    const answer = await running.json('agent', '--agent', 'main', '--message=again')
    assert.deepEqual([answer.status, answer.result.payloads[0].text], ['ok', 'You said: again'])
    const { sessionId } = answer.result.meta.agentMeta
    const sessions = await running.json('sessions')
    assert.deepEqual(keysOf(sessions), names('path count activeMinutes sessions'))
    const [row] = sessions.sessions
    assert.deepEqual([row.key, row.agentId, row.sessionId, row.kind, row.model], ['agent:main:main', 'main', sessionId, 'direct', 'echo'])
    assert.ok(row.ageMs >= 0)
    assert.match(
      (await running.call('sessions', '--active', '5')).stdout,
      /^Sessions listed: 1\n(.*\n)+│ agent:main:main +│ direct +│ just now +│ echo/m,
    )
    assert.match((await running.call('sessions', '--agent', 'nobody')).stdout, /^No sessions found\.$/m)
    const lines = (await running.call('sessions', 'export', 'main')).stdout.trim().split('\n')
    const [about, ...messages] = lines.map((line) => JSON.parse(line))
    assert.deepEqual([about.type, about.key, about.sessionId], ['session', 'agent:main:main', sessionId])
    assert.deepEqual(
      messages.map(({ seq, message }) => [seq, message.role, message.content[0].text]),
      [
        [1, 'user', 'hello there'],
        [2, 'assistant', 'You said: hello there'],
        [3, 'user', 'again'],
        [4, 'assistant', 'You said: again'],
      ],
    )
    const file = join(running.sandbox.home, 'out.jsonl')
    assert.equal((await running.call('sessions', 'export', 'main', '--out', file)).stdout, `Exported 4 messages to ${file}\n`)
    assert.equal(readFileSync(file, 'utf8').trim(), lines.join('\n'))
    if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600)
    const gone = await running.call('sessions', 'export', 'nosuch')
    assert.deepEqual([gone.code, gone.stderr, gone.stdout], [1, 'session not found: nosuch\n', ''])
    const unsaid = await running.call('agent', '-m', 'x')
    assert.deepEqual([unsaid.code, unsaid.stderr], [1, 'Error: Pass --to <E.164>, --session-id, or --agent to choose a session\n'])
    const mute = await running.call('agent', '--agent', 'main')
    assert.deepEqual([mute.code, mute.stderr], [1, "error: required option '-m, --message <text>' not specified\n"])
    const unknown = await running.call('agent', '--agent', 'nobody', '-m', 'x')
    assert.match(unknown.stderr, /^Gateway agent failed: GatewayClientRequestError: .*unknown agent id "nobody"/)
    assert.equal(unknown.code, 1)
  })

  test('models list', async () => {
    const { count, models } = await running.json('models', 'list')
    assert.equal(count, 1)
    assert.deepEqual(models[0], {
      key: 'local/echo',
      name: 'echo',
      input: 'text',
      contextWindow: 128_000,
      local: true,
      available: true,
      tags: ['default'],
      missing: false,
    })
    assert.equal((await running.call('models', 'list', '--plain')).stdout, 'local/echo\n')
    assert.match((await running.call('models', 'list')).stdout, /│ local\/echo │ text +│ 128k │ yes +│ yes +│ default │/)
    assert.equal((await running.call('models', 'list', '--provider', 'other')).stdout, 'No models found.\n')
  })
})
