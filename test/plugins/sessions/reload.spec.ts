import assert from 'node:assert/strict'
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { conformance } from 'openclaw/testing'
import sessionsPlugin from '../../../plugins/sessions/index.js'
import store from '../../../plugins/store/index.js'
import { bootSessions, temporaryFolder } from '../../support/sessions.js'
import { fixturePath } from '../../support/sessions-fixture.js'
import { turn, wholeTurn, wordsIn } from '../../support/turns.js'

conformance(sessionsPlugin, { with: [store], paths: { state: await temporaryFolder() } })

describe('replacement', () => {
  test('T-STATE-05 two replacements while turns are in flight lose and interrupt none', async () => {
    const { gateway, plugins, sessions } = await bootSessions(await temporaryFolder())
    let stopped = false
    const done: string[] = []
    const talk = async (worker: number) => {
      for (let at = 0; !stopped; at++) {
        const key = `${worker}-${at}`
        await wholeTurn(sessions, key, `ask ${key}`, `reply ${key}`, `session ${worker}`)
        done.push(key)
      }
    }
    const workers = Array.from({ length: 6 }, (_, worker) => talk(worker))
    const replaced = (names: string[]) =>
      plugins.map((plugin) => (names.includes((plugin as { name: string }).name) ? { ...plugin } : plugin))
    for (const names of [['sessions'], ['store'], ['store', 'sessions']]) {
      const before = done.length
      await gateway.reload({ plugins: replaced(names) })
      while (done.length < before + 50) await new Promise(setImmediate)
    }
    stopped = true
    await Promise.all(workers)
    const texts = Array.from({ length: 6 }, (_, worker) => wordsIn(sessions, `session ${worker}`)).flat()
    assert.equal(texts.length, done.length * 2)
    assert.deepEqual(new Set(texts), new Set(done.flatMap((key) => [`ask ${key}`, `reply ${key}`])))
    assert.ok(done.every((key) => sessions.run(`chat:${key}`)?.status === 'ok'))
    assert.deepEqual(
      gateway.log.filter(({ level }) => level === 'error'),
      [],
    )
    await gateway.close()
  })

  test('a run that goes on through a replacement is not interrupted', async () => {
    const { gateway, plugins, sessions } = await bootSessions()
    await sessions.begin(turn('one', 'Hello'))
    await gateway.reload({ plugins: plugins.map((plugin) => ({ ...plugin })) })
    assert.equal(sessions.run('chat:one')?.status, 'running')
    await gateway.close()
  })
})

describe('configuration', () => {
  test('keys of existing files that mean nothing here are warned of', async () => {
    const { gateway, plugins } = await bootSessions()
    const [first, , ...rest] = plugins
    await gateway.reload({
      plugins: [first as typeof store, { plugin: sessionsPlugin, config: { scope: 'global', mainKey: 'home' } }, ...rest],
    })
    const warnings = gateway.log.filter(({ level, from }) => level === 'warn' && from === 'sessions').map(({ message }) => message)
    assert.equal(warnings.length, 2)
    assert.match(warnings[0] ?? '', /session\.scope "global" is not acted on/)
    assert.match(warnings[1] ?? '', /session\.mainKey is not acted on/)
    await gateway.close()
  })
})

describe('what the first schema wrote', () => {
  test('is read, and written on', async () => {
    const state = await temporaryFolder()
    await mkdir(state, { recursive: true })
    await copyFile(fixturePath, join(state, 'sessions.sqlite'))
    const { gateway, sessions } = await bootSessions(state)
    const { createdAt, settings, messages, status, model, inputTokens, id } = sessions.get('main') ?? {}
    assert.deepEqual(
      { createdAt, settings, messages, status, model, inputTokens, id },
      {
        createdAt: 1_700_000_000_000,
        settings: { label: 'Everyday', thinkingLevel: 'low', model: 'fake/one' },
        messages: 4,
        status: 'done',
        model: undefined,
        inputTokens: 6,
        id: '10000000-0000-4000-8000-000000000001',
      },
    )
    assert.deepEqual(wordsIn(sessions, 'main'), ['Hello', 'Hello to you', 'And “quotes”, \u0000 and 🦞', 'Seen'])
    assert.deepEqual(
      sessions.messages('main', 10).map(({ id: entry }) => entry),
      ['8e3779b1', '2c6ef362', 'caa66d13', '68dde6c4'],
    )
    assert.deepEqual(
      sessions.list().map(({ key }) => key),
      ['agent:main:work', 'agent:main:main'],
    )
    const statuses = ['first', 'second', 'third'].map((key) => sessions.run(`chat:${key}`)?.status)
    assert.deepEqual(statuses, ['ok', 'ok', 'interrupted'])
    assert.equal(sessions.get('work')?.status, 'failed')
    await wholeTurn(sessions, 'fourth', 'Still here?', 'Always')
    assert.deepEqual(wordsIn(sessions, 'main').slice(-2), ['Still here?', 'Always'])
    assert.deepEqual(
      gateway.log.filter(({ level }) => level === 'error'),
      [],
    )
    await gateway.close()
  })
})
