import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import channels from '../../../plugins/channels/index.js'
import type { Channel } from '../../../plugins/contracts/channels.js'
import { account, channelPlugin } from '../../support/channel.js'
import { bootControl, type Control } from '../../support/control.js'
import { connectOperator } from '../../support/operator.js'

const read = (control: Control) => connectOperator(control.url, { token: control.token, scopes: ['operator.read'] })

async function statusWith(channel: Partial<Channel> | undefined, params?: unknown) {
  const control = await bootControl({ plugins: [channels, ...(channel ? [channelPlugin('pager', channel)] : [])] })
  const client = await read(control)
  const answer = await client.call('channels.status', params)
  await control.gateway.close()
  return answer
}

describe('channels', () => {
  test('without a channel every container is empty', async () => {
    const { ts, ...rest } = await statusWith(undefined)
    assert.ok(Math.abs(Date.now() - ts) < 60_000)
    assert.deepEqual(rest, {
      channelOrder: [],
      channelLabels: {},
      channelDetailLabels: {},
      channelSystemImages: {},
      channelMeta: [],
      channels: {},
      channelAccounts: {},
      channelDefaultAccountId: {},
    })
  })

  test('a channel is summed up by its default account, and every account is listed', async () => {
    const accounts = [
      account('work', { name: 'Work', running: false, lastError: 'gone' }),
      account('home', { mode: 'polling', lastStartAt: 5 }),
    ]
    const { ts: _, ...rest } = await statusWith({
      systemImage: 'bell',
      detailLabel: 'Pager network',
      defaultAccountId: 'home',
      accounts: () => accounts,
    })
    assert.deepEqual(rest, {
      channelOrder: ['pager'],
      channelLabels: { pager: 'The pager' },
      channelDetailLabels: { pager: 'Pager network' },
      channelSystemImages: { pager: 'bell' },
      channelMeta: [{ id: 'pager', label: 'The pager', detailLabel: 'Pager network', systemImage: 'bell' }],
      channels: { pager: { configured: true, running: true, mode: 'polling', lastStartAt: 5, lastStopAt: null, lastError: null } },
      channelAccounts: { pager: accounts },
      channelDefaultAccountId: { pager: 'home' },
    })
  })

  test('a default account that is not there counts as not configured', async () => {
    const { channels: summaries } = await statusWith({ accounts: () => [] })
    assert.deepEqual(summaries.pager, { configured: false, running: false, lastStartAt: null, lastStopAt: null, lastError: null })
  })

  test('probing asks about what is configured and turned on; a refusal and a throw are failures of that account alone', async () => {
    const asked: string[] = []
    const accounts = ['good', 'bad', 'broken'].map((id) => account(id))
    const idle = [account('off', { enabled: false }), account('new', { configured: false })]
    const answer = await statusWith(
      {
        defaultAccountId: 'good',
        accounts: () => [...accounts, ...idle],
        probe(id) {
          asked.push(id)
          if (id === 'broken') throw new Error('no such luck')
          return Promise.resolve(id === 'good' ? { ok: true } : { ok: false, error: 'refused' })
        },
      },
      { probe: true },
    )
    assert.deepEqual(asked, ['good', 'bad', 'broken'])
    const probes = answer.channelAccounts.pager.map(({ probe }: { probe?: unknown }) => probe)
    assert.deepEqual(probes, [{ ok: true }, { ok: false, error: 'refused' }, { ok: false, error: 'no such luck' }, undefined, undefined])
    assert.deepEqual(answer.channels.pager.probe, { ok: true })
    assert.ok(answer.channels.pager.lastProbeAt <= Date.now())
  })

  test('a network that does not answer has failed after a second at the least, and hears that nobody waits any more', async () => {
    let told: AbortSignal | undefined
    const answer = await statusWith({ probe: (_id, signal) => new Promise(() => (told = signal)) }, { probe: true, timeoutMs: 0 })
    assert.deepEqual(answer.channels.pager.probe, { ok: false, error: 'no answer within 1000 ms' })
    assert.equal(told?.aborted, true)
  })

  test('clients that ask at the same time share one round of questions', async () => {
    let rounds = 0
    let answerAll: (() => void) | undefined
    const probe = () => {
      rounds++
      return new Promise<{ ok: boolean }>((resolve) => (answerAll = () => resolve({ ok: true })))
    }
    const control = await bootControl({ plugins: [channels, channelPlugin('pager', { probe })] })
    const [one, other] = await Promise.all([read(control), read(control)])
    const both = [one.call('channels.status', { probe: true }), other.call('channels.status', { probe: true })]
    while (!answerAll) await new Promise(setImmediate)
    // Both requests have arrived once this client's next one is answered.
    await Promise.all([one.call('channels.status'), other.call('channels.status')])
    answerAll()
    for (const answer of await Promise.all(both)) assert.deepEqual(answer.channels.pager.probe, { ok: true })
    assert.equal(rounds, 1)
  })

  test('a channel that throws has no accounts and is blamed', async () => {
    const accounts = () => {
      throw new Error('not today')
    }
    const control = await bootControl({ plugins: [channels, channelPlugin('pager', { accounts })] })
    const client = await read(control)
    const answer = await client.call('channels.status')
    assert.deepEqual([answer.channelAccounts.pager, answer.channels.pager.configured], [[], false])
    const faults = control.gateway.inspect().plugins.find(({ name }) => name === 'pager')?.faults
    assert.match(faults?.last?.message ?? '', /not today/)
  })

  test('secrets of the gateway do not show in what a network says', async () => {
    const control = await bootControl({
      plugins: [
        channels,
        channelPlugin('pager', {
          accounts: () => [account('default', { lastError: `401 for ${control.token}` })],
          probe: () => Promise.reject(new Error(`bad ${control.token}`)),
        }),
      ],
    })
    const client = await read(control)
    const answer = JSON.stringify(await client.call('channels.status', { probe: true }))
    assert.match(answer, /401 for/)
    assert.match(answer, /bad /)
    assert.ok(!answer.includes(control.token))
  })

  test('needs the read scope, and says what is wrong with parameters', async () => {
    const control = await bootControl({ plugins: [channels] })
    const nobody = await connectOperator(control.url, { token: control.token, scopes: [] })
    assert.equal((await nobody.request('channels.status')).error?.message, 'missing scope: operator.read')
    const client = await read(control)
    for (const params of [{ timeoutMs: -1 }, { probe: 'yes' }, { more: 1 }])
      assert.equal((await client.request('channels.status', params)).error?.code, 'INVALID_REQUEST')
  })
})
