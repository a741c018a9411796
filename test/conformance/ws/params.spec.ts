import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { bootControl, type Control } from '../../support/control.js'
import { connect, connectParams, createDevice, openWire } from '../../support/operator.js'

let control: Control
before(async () => {
  control = await bootControl()
})
after(() => control.gateway.close())

const client = { id: 'test', version: '1', platform: 'linux', mode: 'test' }
const device = { id: 'x', publicKey: 'x', signature: 'x', signedAt: 0, nonce: 'x' }

/** The validator's text for a `connect` with these params changed; undefined when they fit the schema. */
async function problem(params: Record<string, unknown>): Promise<string | undefined> {
  const wire = await openWire(control.url)
  await wire.event('connect.challenge')
  const all = { minProtocol: 3, maxProtocol: 3, client, ...params }
  const { error } = await wire.request('connect', all)
  await wire.closed
  const match = /^invalid connect params: (.*)$/s.exec(error?.message ?? '')
  return match?.[1]
}

const without = (fields: object, name: string) => Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name))

describe('connect params', () => {
  test('§2.2 what is required', async () => {
    for (const name of ['minProtocol', 'maxProtocol', 'client'])
      assert.equal(await problem({ [name]: undefined }), `must have required property '${name}'`)
    for (const name of Object.keys(client))
      assert.equal(await problem({ client: without(client, name) }), `at /client: must have required property '${name}'`)
    for (const name of Object.keys(device))
      assert.equal(await problem({ device: without(device, name) }), `at /device: must have required property '${name}'`)
    assert.equal(await problem({}), undefined)
  })

  test('§2.2 closed at every level', async () => {
    assert.equal(await problem({ more: 1 }), "at root: unexpected property 'more'")
    assert.equal(await problem({ client: { ...client, more: 1 } }), "at /client: unexpected property 'more'")
    assert.equal(await problem({ device: { ...device, more: 1 } }), "at /device: unexpected property 'more'")
    assert.equal(await problem({ auth: { token: 'x', apiKey: 'y' } }), "at /auth: unexpected property 'apiKey'")
  })

  test('§2.2 explicit null is not accepted anywhere, and types are not coerced', async () => {
    const optional = ['caps', 'commands', 'permissions', 'pathEnv', 'role', 'scopes', 'device', 'auth', 'locale', 'userAgent']
    for (const name of ['minProtocol', 'maxProtocol', 'client', ...optional]) {
      assert.match((await problem({ [name]: null })) ?? '', new RegExp(`^at /${name}: must be `), name)
      assert.match((await problem({ [name]: true })) ?? '', new RegExp(`^at /${name}: must be `), name)
    }
    for (const name of ['displayName', 'version', 'platform', 'deviceFamily', 'modelIdentifier', 'instanceId'])
      for (const value of [null, 1, '', ['x']])
        assert.match((await problem({ client: { ...client, [name]: value } })) ?? '', new RegExp(`^at /client/${name}: must `), name)
    for (const name of ['token', 'bootstrapToken', 'deviceToken', 'password'])
      assert.equal(await problem({ auth: { [name]: null } }), `at /auth/${name}: must be string`)
  })

  test('§2.2 the bounds of numbers and texts', async () => {
    const expected: [params: Record<string, unknown>, text: string][] = [
      [{ minProtocol: 0 }, 'at /minProtocol: must be >= 1'],
      [{ minProtocol: 1.5 }, 'at /minProtocol: must be integer'],
      [{ maxProtocol: '3' }, 'at /maxProtocol: must be integer'],
      [{ caps: ['a', ''] }, 'at /caps/1: must NOT have fewer than 1 characters'],
      [{ scopes: [1] }, 'at /scopes/0: must be string'],
      [{ role: '' }, 'at /role: must NOT have fewer than 1 characters'],
      [{ permissions: { camera: 'yes' } }, 'at /permissions/camera: must be boolean'],
      [{ device: { ...device, signedAt: -1 } }, 'at /device/signedAt: must be >= 0'],
      [{ device: { ...device, signedAt: 1.5 } }, 'at /device/signedAt: must be integer'],
      [{ device: { ...device, nonce: '' } }, 'at /device/nonce: must NOT have fewer than 1 characters'],
      [{ pathEnv: 1, locale: 2 }, 'at /pathEnv: must be string; at /locale: must be string'],
    ]
    for (const [params, text] of expected) assert.equal(await problem(params), text)
    for (const params of [
      { auth: { token: '' } },
      { auth: {} },
      { pathEnv: '' },
      { locale: '', userAgent: '' },
      { permissions: {}, caps: [] },
    ])
      assert.equal(await problem(params), undefined, JSON.stringify(params))
  })

  test('§2.3 exactly these client ids and modes, in any pair', async () => {
    const ids = [
      'webchat-ui',
      'openclaw-control-ui',
      'webchat',
      'cli',
      'gateway-client',
      'openclaw-macos',
      'openclaw-ios',
      'openclaw-android',
      'node-host',
      'test',
      'fingerprint',
      'openclaw-probe',
    ] // prettier-ignore
    const modes = ['webchat', 'cli', 'ui', 'backend', 'node', 'probe', 'test']
    const headers = { origin: 'http://localhost' }
    const all = [...ids.map((id) => ({ id, mode: 'test' })), ...modes.map((mode) => ({ id: 'test', mode }))]
    for (const pair of all) {
      const { wire, answer } = await connect(control.url, { token: control.token, client: pair, headers })
      assert.doesNotMatch(answer.error?.message ?? '', /invalid connect params/, JSON.stringify(pair))
      await wire.close()
    }
    for (const id of ['ios-node', 'CLI', 'cli ', '', 'operator'])
      assert.match(
        (await problem({ client: { ...client, id } })) ?? '',
        /^at \/client\/id: must be equal to constant; at \/client\/id: must match a schema in anyOf$/,
      )
    assert.match(
      (await problem({ client: { ...client, mode: 'operator' } })) ?? '',
      /^at \/client\/mode: must be equal to constant; at \/client\/mode: must match/,
    )
  })

  test('§2.2 §2.3 `role` is operator and `scopes` is empty when left out', async () => {
    const wire = await openWire(control.url)
    const { payload } = await wire.event('connect.challenge')
    const own = createDevice()
    const params = connectParams(payload.nonce, { token: control.token, device: own, scopes: [] })
    const { payload: hello } = await wire.request('connect', { ...params, role: undefined, scopes: undefined, caps: undefined })
    assert.deepEqual([hello.auth.role, hello.auth.scopes], ['operator', []])
    assert.equal((await wire.request('last-heartbeat')).error?.message, 'missing scope: operator.read')
    await wire.close()
  })

  test('T-DOS-07 §2.2 lists are bounded, deep and wide JSON is refused before it is parsed', async () => {
    assert.match(
      (await problem({ scopes: Array.from({ length: 1_001 }, () => 'x') })) ?? '',
      /^at \/scopes: must NOT have more than 1000 items$/,
    )
    for (const message of [
      `{"type":"req","id":"1","method":"connect","params":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
      `{"type":"req","id":"1","method":"connect","params":{${Array.from({ length: 10_001 }, (_, at) => `"${at}":1`)}}}`.slice(0, 200_000),
      '{"type":"req","id":"1","method":"connect","params":{"__proto__":{"x":1},"padding":"'.padEnd(300, 'x') + '"}}',
    ]) {
      const wire = await openWire(control.url)
      wire.send(message)
      assert.ok([1008, 1009].includes((await wire.closed).code))
    }
    assert.equal(({} as { x?: number }).x, undefined)
  })
})
