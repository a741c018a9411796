import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { covers, definePlugin, type Kernel } from 'openclaw/plugin'
import type { TestGateway } from 'openclaw/testing'
import { standard } from '../../../cli/standard.js'
import { Routes } from '../../../plugins/contracts/http.js'
import { Methods } from '../../../plugins/contracts/methods.js'
import { bootGateway } from '../../support/gateway.js'
import { connectOperator, createDevice } from '../../support/operator.js'

interface Action {
  readonly transport: 'method' | 'route'
  readonly name: string
  /** Undefined: anybody. */
  readonly scope: string | undefined
}

const sets: Record<string, readonly string[]> = {
  none: [],
  read: ['operator.read'],
  write: ['operator.write'],
  approvals: ['operator.approvals'],
  pairing: ['operator.pairing'],
  admin: ['operator.admin'],
}
const passed = 'passed the scope'

let gateway: TestGateway
let actions: Action[]
before(async () => {
  const held: { kernel?: Kernel<never, never> } = {}
  /** Vouches for whoever names its scopes, and lets nobody get past the check of the scope: no handler runs. */
  const gate = definePlugin({
    api: 1,
    name: 'gate',
    apply(kernel: Kernel<never, never>) {
      held.kernel = kernel
      kernel.hooks.authenticate.tap(({ headers }) =>
        headers['x-grant'] === undefined
          ? undefined
          : { kind: 'key', id: 'k', scopes: String(headers['x-grant']).split(' ').filter(Boolean) },
      )
      kernel.hooks.authorize.tap(() => ({ deny: 'forbidden', message: passed }))
    },
  })
  const bundled = await Promise.all(standard.map(async ({ load }) => (await load()).default))
  gateway = await bootGateway({ plugins: [...bundled, gate] })
  const methods = [...(held.kernel as Kernel).table(Methods).current].map(([name, { value }]) => ({
    transport: 'method' as const,
    name,
    scope: value.role === 'node' ? 'role node' : (value.scope ?? undefined),
  }))
  const routes = [...(held.kernel as Kernel).table(Routes).current].map(([name, { value }]) => ({
    transport: 'route' as const,
    name,
    scope: value.auth === 'gateway' ? value.scope : undefined,
  }))
  actions = [...methods, ...routes].sort((a, b) => a.transport.localeCompare(b.transport) || a.name.localeCompare(b.name))
})
after(() => gateway.close())

/** Which methods get past the scope check with these scopes. */
async function methodDecisions(scopes: readonly string[], names: readonly string[]) {
  const wire = await connectOperator(gateway.url, { token: gateway.token, device: createDevice(), scopes })
  const decisions = new Map<string, string | undefined>()
  for (const name of names) decisions.set(name, (await wire.request(name)).error?.message)
  await wire.close()
  return decisions
}

async function routeDecision(scopes: readonly string[], name: string) {
  const [method = '', path = ''] = name.split(' ')
  const init = { method, headers: { authorization: '', 'x-grant': scopes.join(' '), 'content-type': 'application/json' } }
  const answer = await gateway.fetch(path.endsWith('/') ? `${path}x` : path, method === 'POST' ? { ...init, body: '{}' } : init)
  if (method === 'HEAD') return undefined
  const body = (await answer.json()) as { error?: { message: string } }
  return body.error?.message
}

describe('actions', () => {
  test('T-SCOPE-02 §5.3 every method and every route, by every scope set: one decision on both transports, as checked in', async () => {
    const table: string[] = []
    const byScope = new Map<string, Set<string>>()
    const names = actions.filter(({ transport, scope }) => transport === 'method' && scope !== undefined).map(({ name }) => name)
    const decided = new Map<string, Map<string, string | undefined>>()
    for (const [set, scopes] of Object.entries(sets)) decided.set(set, await methodDecisions(scopes, names))
    for (const { transport, name, scope } of actions) {
      const passes: string[] = []
      for (const [set, scopes] of Object.entries(sets)) {
        const message = transport === 'method' ? decided.get(set)?.get(name) : await routeDecision(scopes, name)
        const isPast = message === passed || (scope === undefined && message === undefined)
        if (isPast) passes.push(set)
        else assert.equal(message, scope === 'role node' ? 'unauthorized role: operator' : `missing scope: ${scope}`, `${name} by ${set}`)
        assert.equal(isPast, scope === undefined || covers(scopes, scope), `${name} by ${set}`)
      }
      if (scope !== undefined) byScope.set(scope, (byScope.get(scope) ?? new Set()).add(passes.join(' ')))
      table.push(`${transport.padEnd(8)}${name.padEnd(32)}${(scope ?? 'anybody').padEnd(20)}${passes.join(' ')}`.trimEnd())
    }
    for (const [scope, decisions] of byScope) assert.equal(decisions.size, 1, `${scope} means the same everywhere`)
    const snapshot = new URL('../../fixtures/actions.txt', import.meta.url)
    const lines = readFileSync(snapshot, 'utf8').trimEnd().split('\n')
    const [comments, expected] = [true, false].map((wanted) => lines.filter((line) => line.startsWith('#') === wanted)) as [
      string[],
      string[],
    ]
    if (process.env['OPENCLAW_TEST_UPDATE']) writeFileSync(snapshot, `${[...comments, ...table].join('\n')}\n`)
    else assert.deepEqual(table, expected, 'the table that is checked in')
  })

  test('§5.3 a method that the protocol knows needs the scope that the protocol says', () => {
    const known: Record<string, string> = {
      'operator.read':
        // Ours, which the protocol does not know, stand with those of its own that are like them.
        'keys.list usage.report usage.limits doctor.memory.status logs.tail channels.status status usage.status usage.cost tts.status tts.providers models.list tools.catalog tools.effective agents.list agent.identity.get skills.status voicewake.get sessions.list sessions.get sessions.preview sessions.resolve sessions.subscribe sessions.unsubscribe sessions.messages.subscribe sessions.messages.unsubscribe sessions.usage sessions.usage.timeseries sessions.usage.logs cron.list cron.status cron.runs gateway.identity.get system-presence last-heartbeat node.list node.describe chat.history config.get config.schema.lookup talk.config agents.files.list agents.files.get',
      'operator.write':
        'send poll agent agent.wait wake talk.mode talk.speak tts.enable tts.disable tts.convert tts.setProvider voicewake.set node.invoke chat.send chat.abort sessions.create sessions.send sessions.steer sessions.abort browser.request push.test node.pending.enqueue',
      'operator.approvals': 'exec.approval.request exec.approval.waitDecision exec.approval.resolve',
      'operator.pairing':
        'node.pair.request node.pair.list node.pair.approve node.pair.reject node.pair.verify device.pair.list device.pair.approve device.pair.reject device.pair.remove device.token.rotate device.token.revoke node.rename',
      'operator.admin':
        'channels.logout agents.create agents.update agents.delete agents.files.set skills.install skills.update secrets.reload secrets.resolve cron.add cron.update cron.remove cron.run sessions.patch sessions.reset sessions.delete sessions.compact connect chat.inject web.login.start web.login.wait set-heartbeats system-event config.set config.apply config.patch config.schema config.openFile exec.approvals.get exec.approvals.set wizard.start wizard.next wizard.cancel wizard.status update.run',
      'role node':
        'node.invoke.result node.event node.pending.drain node.canvas.capability.refresh node.pending.pull node.pending.ack skills.bins',
    }
    const scopeOf = new Map(Object.entries(known).flatMap(([scope, names]) => names.split(' ').map((name) => [name, scope] as const)))
    const methods = actions.filter(({ transport }) => transport === 'method')
    for (const { name, scope } of methods)
      assert.equal(scope, name === 'health' ? undefined : (scopeOf.get(name) ?? 'operator.admin'), name)
    assert.ok(methods.length > 20)
  })
})
