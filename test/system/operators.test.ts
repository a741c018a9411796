import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectOperator } from '../support/operator.js'
import { type GatewayProcess, startGatewayProcess } from '../support/process.js'
import { Talker } from '../support/talkers.js'
import { startUpstream, type Upstream } from '../support/upstream.js'

const reloads = Number(process.env['OPENCLAW_TEST_OPERATOR_RELOADS'] ?? 30)

describe('operators through reloads', () => {
  let upstream: Upstream
  let gateway: GatewayProcess

  /** The nth configuration: one of sessions, agents and ws-protocol differs from the one before. */
  const configuration = (n: number) => ({
    models: { providers: { fake: { baseUrl: upstream.baseUrl, models: [{ id: 'steady' }] } } },
    agents: { defaults: { model: 'fake/steady', timeoutSeconds: 600 + Math.floor((n + 2) / 3) } },
    session: { mainKey: `main${Math.floor((n + 1) / 3)}` },
    plugins: { entries: { 'ws-protocol': { config: { maxOpenCalls: 64 + Math.floor(n / 3) } } } },
  })

  before(async () => {
    upstream = await startUpstream({ strict: false, respond: () => ({ text: 'one two three four five six', chunks: 6, chunkDelayMs: 40 }) })
    gateway = await startGatewayProcess(configuration(0))
  })
  after(async () => {
    await gateway?.stop()
    await upstream?.close()
  })

  test(`${reloads} reloads while 50 operators talk: none closed, no turn lost, no gap in seq`, async (t) => {
    const { pid } = await gateway.inspect()
    const talkers = Array.from({ length: 50 }, (_, i) => new Talker(`talker${i}`, gateway))
    for (const talker of talkers) await talker.connect()
    const watcher = await connectOperator(gateway.url, { token: gateway.token })
    const talking = talkers.map((talker) => talker.talk())
    let { generation } = await gateway.inspect()
    for (let n = 1; n <= reloads; n++) {
      await gateway.writeConfig(configuration(n))
      for (let wait = 0; (await gateway.inspect()).generation === generation; wait++) {
        if (wait > 400) throw new Error(`no reload after generation ${generation}:\n${gateway.output().slice(-2_000)}`)
        await sleep(25)
      }
      ;({ generation } = await gateway.inspect())
      await sleep(60)
    }
    for (const section of ['session.mainKey', 'agents.defaults.timeoutSeconds', 'plugins.entries.ws-protocol.config.maxOpenCalls'])
      assert.match(gateway.output(), new RegExp(`config hot reload applied \\(${section.replaceAll('.', '\\.')}\\)`))
    for (const talker of talkers) talker.stop()
    await Promise.all(talking)
    const turns = talkers.flatMap((talker) => talker.turns)
    t.diagnostic(`${turns.length} turns, ${watcher.frames.length} frames seen by a second operator`)
    assert.deepEqual(
      talkers.flatMap((talker) => talker.failures),
      [],
    )
    assert.deepEqual(
      turns.filter(({ final }) => !final),
      [],
    )
    assert.ok(turns.length >= 100)
    for (const wire of [watcher, ...talkers.map((talker) => talker.wire as typeof watcher)]) {
      const seqs = wire.frames.flatMap((frame) => (frame.type === 'event' && frame.seq !== undefined ? [frame.seq] : []))
      const gap = seqs.findIndex((seq, at) => at > 0 && seq !== (seqs[at - 1] as number) + 1)
      assert.equal(gap, -1, `a gap in seq after ${seqs[gap - 1]}`)
      assert.equal(wire.socket.readyState, 1)
    }
    for (const { name, sessionKey, turns: own } of talkers) {
      const { messages } = await watcher.call('chat.history', { sessionKey, limit: 1_000 })
      assert.equal(messages.filter(({ role }: any) => role === 'user').length, own.length, name)
      assert.equal(messages.filter(({ role }: any) => role === 'assistant').length, own.length, name)
    }
    assert.equal((await gateway.inspect()).pid, pid)
    for (const wire of [watcher, ...talkers.map((talker) => talker.wire as typeof watcher)]) await wire.close()
  })
})
