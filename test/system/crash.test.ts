import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Sessions } from '../../plugins/contracts/sessions.js'
import { bootSessions, temporaryFolder } from '../support/sessions.js'
import { wordsIn } from '../support/turns.js'

const writer = fileURLToPath(new URL('../support/turn-writer.ts', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))

/** Let a process hold turns until it has said `lines` of them, then kill it. Answers every line that came. */
async function killedAfter(state: string, name: string, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, ['-C', 'openclaw-source', '--import', 'tsx', writer, state, name], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const said: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line)
    if (said.length === lines) child.kill('SIGKILL')
  }
  const [, signal] = await exited
  assert.equal(signal, 'SIGKILL', said.join('\n'))
  return said
}

const stored = (sessions: Sessions): string[] => [0, 1, 2].flatMap((at) => wordsIn(sessions, `session ${at}`))

test('T-STATE-01 after kill -9 at any moment each acknowledged message is there once and nothing is torn', async () => {
  const state = await temporaryFolder()
  const acknowledged: string[] = []
  for (const [kill, lines] of [1, 37, 150, 333, 600].entries()) {
    acknowledged.push(...(await killedAfter(state, `kill${kill}`, lines)))
    const { gateway, sessions } = await bootSessions(state)
    assert.deepEqual(
      gateway.log.filter(({ level }) => level === 'error' || level === 'warn'),
      [],
    )
    const texts = stored(sessions)
    const counts = new Map<string, number>()
    for (const text of texts) {
      const [kind, key, padding] = text.split(' ') as [string, string, string]
      assert.equal(padding.length, 2_000)
      counts.set(`${kind === 'ask' ? 'begun' : 'ended'} ${key}`, (counts.get(`${kind === 'ask' ? 'begun' : 'ended'} ${key}`) ?? 0) + 1)
    }
    assert.deepEqual(
      [...counts].filter(([, count]) => count !== 1),
      [],
    )
    assert.deepEqual(
      acknowledged.filter((line) => !counts.has(line)),
      [],
    )
    for (const line of acknowledged) {
      const [what, key] = line.split(' ') as [string, string]
      const { status } = sessions.run(`chat:${key}`) ?? {}
      assert.ok(status === 'ok' || (status === 'interrupted' && what === 'begun'), `${line}: ${status}`)
    }
    for (let at = 0; at < 3; at++) {
      const entries = sessions.messages(`session ${at}`, 100_000)
      assert.deepEqual(
        entries.map(({ seq }) => seq),
        entries.map((_, index) => index + 1),
      )
      assert.equal(sessions.get(`session ${at}`)?.messages ?? 0, entries.length)
      assert.notEqual(sessions.get(`session ${at}`)?.status, 'running')
    }
    await gateway.close()
  }
})
