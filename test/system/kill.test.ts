import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectOperator } from '../support/operator.js'
import { type GatewayProcess, startGatewayProcess } from '../support/process.js'
import { seeded } from '../support/random.js'
import { Talker } from '../support/talkers.js'
import { startUpstream, type Upstream } from '../support/upstream.js'

const kills = Number(process.env['OPENCLAW_TEST_KILLS'] ?? 30)
const seed = Number(process.env['OPENCLAW_TEST_SEED'] ?? 1)
const textOf = (message: any): string => message.content.map((block: any) => block.text ?? '').join('')

describe('kill -9 in a stream of turns', () => {
  let upstream: Upstream
  let gateway: GatewayProcess
  before(async () => {
    upstream = await startUpstream({ strict: false, respond: () => ({ text: 'one two three four', chunks: 4, chunkDelayMs: 5 }) })
    gateway = await startGatewayProcess({
      models: { providers: { fake: { baseUrl: upstream.baseUrl, models: [{ id: 'steady' }] } } },
      agents: { defaults: { model: 'fake/steady' } },
    })
  })
  after(async () => {
    await gateway?.stop()
    await upstream?.close()
  })

  test(`T-STATE-01 ${kills} kills (seed ${seed}): every acknowledged message once, no torn record, keys answer as before`, async (t) => {
    const random = seeded(seed)
    const talkers = Array.from({ length: 8 }, (_, i) => new Talker(`talker${i}`, gateway))
    const startsMs: number[] = []
    for (let kill = 0; kill < kills; kill++) {
      await Promise.all(talkers.map((talker) => talker.connect()))
      const talking = talkers.map((talker) => talker.talk())
      await sleep(20 + random() * 300)
      await gateway.kill()
      await Promise.all(talking)
      gateway = await startGatewayProcess({}, { successorOf: gateway })
      startsMs.push(gateway.startedInMs)
    }
    const acknowledged = talkers.reduce((sum, talker) => sum + talker.acknowledged, 0)
    const sorted = startsMs.toSorted((a, b) => a - b)
    t.diagnostic(
      `${acknowledged} acknowledged turns; back in ${sorted[sorted.length >> 1]?.toFixed(0)} ms, at most ${sorted.at(-1)?.toFixed(0)} ms`,
    )
    const operator = await connectOperator(gateway.url, { token: gateway.token })
    assert.ok(acknowledged >= kills, 'hardly anything was said')
    for (const talker of talkers) {
      assert.deepEqual(talker.failures, [])
      const { messages } = await operator.call('chat.history', { sessionKey: talker.sessionKey, limit: 1_000 })
      assert.deepEqual(
        messages.map(({ __openclaw }: any) => __openclaw.seq),
        messages.map((_: any, at: number) => messages[0].__openclaw.seq + at),
        'the transcript has a gap',
      )
      const said = messages.filter(({ role }: any) => role === 'user').map(textOf)
      for (const turn of talker.turns) {
        const times = said.filter((text: string) => text === turn.text).length
        assert.ok(turn.acknowledged ? times === 1 : times <= 1, `${turn.key} is there ${times} times, acknowledged: ${turn.acknowledged}`)
      }
      const answers = messages.filter(({ role, stopReason }: any) => role === 'assistant' && stopReason === 'stop').map(textOf)
      assert.ok(answers.length >= talker.turns.filter(({ final }) => final).length, 'an answer that was final is gone')
      for (const text of answers) assert.equal(text, 'one two three four')
      for (const { key, text, final } of talker.turns.filter((turn) => turn.acknowledged).slice(-3)) {
        const repeat = await operator.request('chat.send', { sessionKey: talker.sessionKey, message: text, idempotencyKey: key })
        if (final) assert.deepEqual(repeat.payload, { runId: key, status: 'ok' })
        else assert.ok(repeat.error || repeat.payload.status === 'ok', JSON.stringify(repeat))
      }
      const again = await operator.call('chat.history', { sessionKey: talker.sessionKey, limit: 1_000 })
      assert.equal(again.messages.length, messages.length, 'a repeated key was run again')
    }
    await operator.close()
  })
})
