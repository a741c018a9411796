import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import agents from '../../../plugins/agents/index.js'
import models from '../../../plugins/models/index.js'
import { bootControl } from '../../support/control.js'
import { connectOperator } from '../../support/operator.js'
import { listedProvider, providersPlugin } from '../../support/registry.js'

const acme = listedProvider('acme', [
  { id: 'big', name: 'Big', contextWindow: 1_000, input: ['text', 'image'] },
  'small',
  { id: 'vectors', kind: 'embedding' },
])

async function listWith(config: object, providers = [acme]) {
  const control = await bootControl({ plugins: [{ plugin: agents, config }, models, providersPlugin(providers)] })
  const client = await connectOperator(control.url, { token: control.token, scopes: ['operator.read'] })
  return { client, control, list: await client.call('models.list') }
}

describe('models.list', () => {
  test('names what can chat, with what is known of it', async () => {
    const { list } = await listWith({})
    assert.deepEqual(list, {
      models: [
        { id: 'big', name: 'Big', provider: 'acme', contextWindow: 1_000, input: ['text', 'image'] },
        { id: 'small', name: 'small', provider: 'acme' },
      ],
    })
  })

  test('only what the default agent may use, when that is restricted', async () => {
    const { list } = await listWith({ defaults: { models: { 'acme/small': {} } } })
    assert.deepEqual(
      list.models.map(({ id }: { id: string }) => id),
      ['small'],
    )
  })

  test('without a provider the list is empty', async () => {
    assert.deepEqual((await listWith({}, [])).list, { models: [] })
  })

  test('takes no parameters and needs the read scope', async () => {
    const { client, control } = await listWith({})
    assert.equal((await client.request('models.list', { all: true })).error?.code, 'INVALID_REQUEST')
    const nobody = await connectOperator(control.url, { token: control.token, scopes: [] })
    assert.equal((await nobody.request('models.list')).error?.message, 'missing scope: operator.read')
  })
})
