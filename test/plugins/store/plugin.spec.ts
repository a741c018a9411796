import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { definePlugin } from 'openclaw/plugin'
import { conformance } from 'openclaw/testing'
import { type Database, Store } from '../../../plugins/contracts/store.js'
import store from '../../../plugins/store/index.js'
import { bootGateway } from '../../support/gateway.js'
import { folderForTest, notes } from './open.js'

const state = await folderForTest()

/** A plugin that keeps notes. `opened` gets the database of each of its starts. */
const notesPlugin = (opened: Database[]) =>
  definePlugin({
    api: 1,
    name: 'notes',
    requires: [Store],
    apply(kernel) {
      const databases = kernel.use(Store)
      kernel.hooks.start.tap(async () => void opened.push(await databases.current.open({ name: 'notes', migrations: notes })))
    },
  })

conformance(store, { paths: { state } })

describe('databases of plugins', () => {
  test('whoever asks for a name gets the same database, whatever is replaced meanwhile', async () => {
    const opened: Database[] = []
    const plugin = notesPlugin(opened)
    const gateway = await bootGateway({ plugins: [store, plugin], paths: { state: await folderForTest() } })
    const [first] = opened as [Database]
    const writes = Array.from({ length: 50 }, (_, at) =>
      first.write((sql) => void sql('INSERT INTO notes (text) VALUES (?)').run(`note ${at}`)),
    )
    await gateway.reload({ plugins: [{ ...store }, { ...plugin }] })
    await gateway.reload({ plugins: [{ ...store }, plugin] })
    await Promise.all(writes)
    assert.equal(opened.length, 3)
    assert.ok(opened.every((each) => each === first))
    assert.equal(first.sql('SELECT count(*) AS count FROM notes').get().count, 50)
    await gateway.close()
    await assert.rejects(
      first.write(() => undefined),
      { code: 'store_failed' },
    )
  })

  test('a state directory that cannot be used fails the plugin, by name and with the remedy, and nothing else', async () => {
    const blocked = join(await folderForTest(), 'state')
    await writeFile(blocked, 'a file where a directory should be')
    const gateway = await bootGateway({ plugins: [store, notesPlugin([])], paths: { state: blocked } })
    const { state: standing, reason } = gateway.inspect().plugins.find(({ name }) => name === 'notes') ?? {}
    assert.equal(standing, 'failed')
    assert.match(reason ?? '', /Cannot open .*notes\.sqlite: .*Check the disk, and the rights of this user/)
    assert.equal(gateway.inspect().plugins.find(({ name }) => name === 'store')?.state, 'active')
    await gateway.close()
  })
})
