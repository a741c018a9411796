import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { definePlugin } from 'openclaw/plugin'
import { closed, type Method, Methods, text } from '../../../plugins/contracts/methods.js'
import { bootControl, type Control } from '../../support/control.js'
import { connectOperator, createDevice } from '../../support/operator.js'

let reached: string[] = []
const row = (fields: Partial<Method> & Pick<Method, 'scope'>): Method => ({
  handler: ({ client }) => {
    reached.push(client.connId)
    return { scopes: client.scopes, role: client.role }
  },
  ...fields,
})
const params = closed({ a: text }, ['a'])
const methods: Record<string, Method> = {
  health: row({ scope: null }),
  'test.read': row({ scope: 'operator.read', params }),
  'test.write': row({ scope: 'operator.write', params }),
  'test.admin': row({ scope: 'operator.admin', params }),
  'test.approvals': row({ scope: 'operator.approvals' }),
  'test.pairing': row({ scope: 'operator.pairing' }),
  'test.secrets': row({ scope: 'operator.talk.secrets' }),
  'test.own': row({ scope: 'made.up' }),
  'node.report': row({ scope: null, role: 'node', params }),
  'control.one': row({ scope: 'operator.admin', budget: 'control', params }),
  'control.two': row({ scope: 'operator.write', budget: 'control' }),
  'test.hidden': row({ scope: 'operator.read', hidden: true }),
}

let control: Control
before(async () => {
  control = await bootControl({ methods })
})
after(() => control.gateway.close())

const operator = (scopes: readonly string[], role = 'operator') => connectOperator(control.url, { token: control.token, scopes, role })

describe('checks of a request', () => {
  test('§5.1 §10 in order: role, scope, existence, params', async () => {
    const cases: [role: string, scopes: string[], method: string, message: string | undefined][] = [
      ['operator', [], 'health', undefined],
      ['node', [], 'health', undefined],
      ['node', [], 'test.read', 'unauthorized role: node'],
      ['node', ['operator.admin'], 'no.such.method', 'unauthorized role: node'],
      ['node', [], 'node.report', "invalid node.report params: must have required property 'a'"],
      ['operator', ['operator.admin'], 'node.report', 'unauthorized role: operator'],
      ['operator', [], 'test.read', 'missing scope: operator.read'],
      ['operator', ['operator.read'], 'test.write', 'missing scope: operator.write'],
      ['operator', ['operator.write'], 'no.such.method', 'missing scope: operator.admin'],
      ['operator', ['operator.write'], '__proto__', 'missing scope: operator.admin'],
      ['operator', ['operator.admin'], 'no.such.method', 'unknown method: no.such.method'],
      ['operator', ['operator.admin'], 'constructor', 'unknown method: constructor'],
      ['operator', ['operator.read'], 'test.read', "invalid test.read params: must have required property 'a'"],
      ['operator', ['operator.admin'], 'test.hidden', undefined],
    ]
    for (const [role, scopes, method, message] of cases) {
      const wire = await operator(scopes, role)
      const { error } = await wire.request(method)
      assert.equal(error?.message, message, `${role} ${scopes} ${method}`)
      if (error) assert.deepEqual(Object.keys(error), ['code', 'message'], '§4.3 no details')
      if (error) assert.equal(error.code, 'INVALID_REQUEST')
      await wire.close()
    }
  })

  test('§5.2 admin covers everything, write covers read, everything else is exact', async () => {
    const scoped = Object.entries(methods).filter(([, { scope, role, budget }]) => scope && !role && !budget)
    const grants: [scopes: string[], passes: string[]][] = [
      [[], []],
      [['operator.read'], ['test.read', 'test.hidden']],
      [['operator.write'], ['test.read', 'test.write', 'test.hidden']],
      [['operator.approvals'], ['test.approvals']],
      [['operator.pairing'], ['test.pairing']],
      [['operator.talk.secrets'], ['test.secrets']],
      [
        ['operator.admin'],
        ['test.read', 'test.write', 'test.admin', 'test.approvals', 'test.pairing', 'test.secrets', 'test.hidden', 'test.own'],
      ],
      [['made.up'], ['test.own']],
      [['operator.*', '*', 'operator', 'OPERATOR.ADMIN', 'operator.admin ', 'admin'], []],
    ]
    for (const [scopes, passes] of grants) {
      const wire = await operator(scopes)
      for (const [method, { scope }] of scoped) {
        const { ok, error } = await wire.request(method, { a: 'x' })
        assert.equal(error?.message, passes.includes(method) ? undefined : `missing scope: ${scope}`, `${scopes} ${method}`)
        assert.equal(ok, passes.includes(method))
      }
      await wire.close()
    }
  })

  test('§5.1 a refused request reaches no handler', async () => {
    reached = []
    const wire = await operator(['operator.approvals'])
    for (const method of ['test.read', 'test.write', 'test.admin', 'control.one', 'node.report', 'nothing'])
      await wire.request(method, { a: 'x' })
    assert.deepEqual(reached, [])
    await wire.close()
  })

  test('§1.2 §4.3 3 calls a minute change the gateway, for a device at an address and all such methods together', async () => {
    const device = createDevice()
    const own = () => connectOperator(control.url, { token: control.token, device })
    const [first, second] = [await own(), await own()]
    const missing = await operator(['operator.read'])
    assert.equal(
      (await missing.request('control.one')).error?.message,
      'missing scope: operator.admin',
      'what lacks its scope is not counted',
    )
    assert.match((await first.request('control.one')).error?.message ?? '', /^invalid control.one params/, 'wrong params are')
    assert.equal((await second.request('control.two')).ok, true)
    assert.equal((await first.request('control.one', { a: 'x' })).ok, true)
    for (const [wire, method] of [
      [first, 'control.one'],
      [second, 'control.two'],
    ] as const) {
      const { error } = await wire.request(method, { a: 'x' })
      assert.equal(error?.code, 'UNAVAILABLE')
      assert.equal(error?.retryable, true)
      assert.ok(Number(error?.retryAfterMs) > 55_000 && Number(error?.retryAfterMs) <= 60_000)
      assert.equal(error?.message, `rate limit exceeded for ${method}; retry after ${Math.ceil(Number(error?.retryAfterMs) / 1_000)}s`)
      assert.deepEqual(error?.details, { method, limit: '3 per 60s' })
    }
    assert.equal((await first.request('test.read', { a: 'x' })).ok, true, 'other methods go on')
    const other = await connectOperator(control.url, { token: control.token })
    assert.equal((await other.request('control.one', { a: 'x' })).ok, true, 'another device has calls of its own')
    await Promise.all([first, second, missing, other].map((wire) => wire.close()))
  })

  test('T-SCOPE-02 an action without a scope is refused where it is registered', async () => {
    for (const method of [{}, { scope: undefined }, { role: 'operator' }]) {
      const bad = definePlugin({
        api: 1,
        name: 'bad',
        apply: (kernel) => kernel.surface(Methods).tap((table) => table.add('test.bad', { ...method, handler: () => 1 } as never)),
      })
      const own = await bootControl({ plugins: [bad] })
      const state = own.gateway.inspect().plugins.find(({ name }) => name === 'bad')
      assert.match(String(state?.reason), /Method test\.bad: needs the scope/)
      const wire = await connectOperator(own.url, { token: own.token })
      assert.equal((await wire.request('test.bad')).error?.message, 'unknown method: test.bad')
      await own.gateway.close()
      await assert.rejects(control.reload({ plugins: [bad] }), /needs the scope/)
    }
  })
})

describe('the hook authorize', () => {
  test('§5.1 is asked for each method, after the scope; it denies in its own words, and a failing one denies', async () => {
    const asked: string[] = []
    const guard = definePlugin({
      api: 1,
      name: 'guard',
      apply: (kernel) =>
        kernel.hooks.authorize.tap(async ({ call, scope, principal }) => {
          asked.push(`${call.method} ${call.path} ${scope} ${principal.kind}`)
          if (call.path === 'test.write') return { deny: 'forbidden', message: 'not on Sundays' }
          if (call.path === 'test.admin') throw new Error('broke')
          return undefined
        }),
    })
    const own = await bootControl({ methods, plugins: [guard] })
    const device = createDevice()
    const wire = await connectOperator(own.url, { token: own.token, device })
    const message = async (method: string) => (await wire.request(method, { a: 'x' })).error?.message
    assert.equal(await message('test.read'), undefined)
    assert.equal(await message('test.write'), 'not on Sundays')
    assert.equal(await message('test.admin'), 'Access could not be decided.')
    assert.equal(await message('no.such'), 'unknown method: no.such')
    assert.equal(await message('health'), undefined)
    assert.deepEqual(asked, [
      'WS test.read operator.read device',
      'WS test.write operator.write device',
      'WS test.admin operator.admin device',
      'WS no.such operator.admin device',
    ])
    const narrow = await connectOperator(own.url, { token: own.token, scopes: [] })
    assert.equal((await narrow.request('test.read')).error?.message, 'missing scope: operator.read')
    assert.equal(asked.length, 4, 'what lacks its scope costs no hook')
    await own.gateway.close()
  })

  test('§5.1 what it takes long to decide holds back no other request, and counts as an open call', async () => {
    let decide: (denial: undefined) => void = () => undefined
    const slow = definePlugin({
      api: 1,
      name: 'slow',
      apply: (kernel) =>
        kernel.hooks.authorize.tap(({ call }) =>
          call.path === 'test.write' ? new Promise<undefined>((resolve) => (decide = resolve)) : undefined,
        ),
    })
    const own = await bootControl({ methods, plugins: [slow], config: { maxOpenCalls: 8 } })
    const wire = await connectOperator(own.url, { token: own.token })
    const waiting = wire.request('test.write', { a: 'x' })
    assert.equal((await wire.request('test.read', { a: 'x' })).ok, true)
    decide(undefined)
    assert.equal((await waiting).ok, true)
    await own.gateway.close()
  })
})
