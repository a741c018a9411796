import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { definePlugin } from 'openclaw/plugin'
import { type Database, Store } from '../../../plugins/contracts/store.js'
import models from '../../../plugins/models/index.js'
import providerOpenai from '../../../plugins/provider-openai/index.js'
import ws from '../../../plugins/ws-protocol/index.js'
import { connectOperator } from '../../support/operator.js'
import { bootSessions, temporaryFolder } from '../../support/sessions.js'
import { turn, wholeTurn, wordsIn } from '../../support/turns.js'

describe('with models', () => {
  const fake = {
    baseUrl: 'http://127.0.0.1:1/v1',
    models: [
      { id: 'one', contextWindow: 8_000 },
      { id: 'two', contextWindow: 32_000 },
    ],
  }

  test('rows and answers say which model answers', async () => {
    const { gateway, sessions } = await bootSessions(undefined, [models, { plugin: providerOpenai, config: { fake } }, ws])
    const wire = await connectOperator(gateway.url, { token: gateway.token })
    const rowOf = async () => {
      const { sessions: rows } = await wire.call('sessions.list', {})
      return [rows[0].modelProvider, rows[0].model, rows[0].contextTokens]
    }
    const { path, defaults } = await wire.call('sessions.list', {})
    assert.deepEqual([path, defaults], ['(memory)', { modelProvider: 'fake', model: 'one', contextTokens: 8_000 }])
    const { resolved } = await wire.call('sessions.patch', { key: 'main', model: 'two' })
    assert.deepEqual(resolved, { modelProvider: 'fake', model: 'two' })
    assert.equal(sessions.get('main')?.settings.model, 'fake/two')
    assert.deepEqual(await rowOf(), ['fake', 'two', 32_000])
    await assert.rejects(
      wire.call('sessions.patch', { key: 'main', model: 'fake/none' }),
      /^Error: INVALID_REQUEST: The model 'fake\/none' does not exist/,
    )
    assert.deepEqual((await wire.call('sessions.patch', { key: 'main', model: null })).resolved, { modelProvider: 'fake', model: 'one' })
    await wholeTurn(sessions, 'one', 'Hello', 'Hi')
    assert.deepEqual(await rowOf(), ['fake', 'one', 8_000])
    await wire.close()
    await gateway.close()
  })

  test('a session of an agent or model that is gone is still listed', async () => {
    const { gateway, sessions } = await bootSessions(undefined, [models, { plugin: providerOpenai, config: { fake } }, ws])
    const wire = await connectOperator(gateway.url, { token: gateway.token })
    await sessions.patch('agent:gone:x', { model: 'other/thing' })
    const { sessions: rows } = await wire.call('sessions.list', {})
    assert.deepEqual([rows[0].modelProvider, rows[0].model, rows[0].contextTokens], ['other', 'thing', undefined])
    await wire.close()
    await gateway.close()
  })
})

describe('a disk that is full', () => {
  test('clients are told to try again later, nothing is half there, and it goes on once there is room', async () => {
    const held: { database?: Database } = {}
    const squeeze = definePlugin({
      api: 1,
      name: 'squeeze',
      requires: [Store],
      apply(kernel) {
        const store = kernel.use(Store)
        kernel.hooks.ready.tap(async () => void (held.database = await store.current.open({ name: 'sessions', migrations: [] })))
      },
    })
    const { gateway, sessions } = await bootSessions(await temporaryFolder(), [ws, squeeze])
    const wire = await connectOperator(gateway.url, { token: gateway.token })
    await wholeTurn(sessions, 'fits', 'Hello', 'Hi')
    const database = held.database as Database
    const { page_count: pages } = database.sql('PRAGMA page_count').get()
    database.sql(`PRAGMA max_page_count = ${pages}`).get()
    const large = 'x'.repeat(100_000)
    await assert.rejects(sessions.begin(turn('large', large)), { code: 'UNAVAILABLE', retryAfterS: 5 })
    for (let at = 0; at < 8; at++) {
      const { ok, error } = await wire.request('sessions.patch', { key: `s${at}`, spawnedWorkspaceDir: 'y'.repeat(4_000) })
      assert.deepEqual(
        [ok, error?.code, error?.message, error?.retryAfterMs],
        [false, 'UNAVAILABLE', 'the session store cannot be written now', 5_000],
      )
    }
    assert.deepEqual([wordsIn(sessions, 'main'), sessions.run('chat:large')], [['Hello', 'Hi'], undefined])
    const told = gateway.log.filter(({ level, from }) => level === 'error' && from === 'store')
    assert.equal(told.length, 1)
    assert.match(told[0]?.message ?? '', /Cannot write .*sessions\.sqlite: .*full.*free some space/)
    database.sql('PRAGMA max_page_count = 100000').get()
    await wholeTurn(sessions, 'large', large, 'Read')
    assert.deepEqual(wordsIn(sessions, 'main'), ['Hello', 'Hi', large, 'Read'])
    assert.equal(gateway.inspect().plugins.find(({ name }) => name === 'sessions')?.state, 'active')
    await wire.close()
    await gateway.close()
  })
})
