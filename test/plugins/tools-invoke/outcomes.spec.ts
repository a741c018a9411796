import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { definePlugin, GatewayError } from 'openclaw/plugin'
import { closed } from '../../../plugins/contracts/methods.js'
import { jsonResult, type ToolContext } from '../../../plugins/contracts/tools.js'
import { bootTools, done, key, notAvailable, tool, toolError, toolsPlugin } from '../../support/tools.js'

const seen: { args: unknown; context: ToolContext }[] = []
const told = (code: string, message: string, retryAfterS?: number) =>
  tool(`told_${code}`, {
    run() {
      throw new GatewayError(code, message, retryAfterS === undefined ? {} : { retryAfterS })
    },
  })

const echo = tool('echo', {
  parameters: closed({ text: { type: 'string', maxLength: 10 }, times: { type: 'integer', minimum: 1, default: 1 } }),
  run(args, context) {
    seen.push({ args, context })
    return jsonResult(args)
  },
})
const acts = tool('acts', { parameters: closed({ action: { type: 'string', enum: ['go', 'stop'] } }) })
const blocker = definePlugin({
  api: 1,
  name: 'blocker',
  apply: (kernel) =>
    kernel.hooks.authorize.tap(({ call }) =>
      call.method === 'TOOL' && call.path === 'guarded' ? { deny: 'forbidden', message: 'not on a Sunday' } : undefined,
    ),
})
const big = (bytes: number) => ({ content: [{ type: 'text' as const, text: 'x'.repeat(bytes) }] })

const { gateway, invoke, post } = await bootTools({
  list: [
    echo,
    acts,
    tool('guarded'),
    tool('admin_only', { scope: 'operator.admin' }),
    tool('gateway'),
    told('invalid_value', 'the date is in the past'),
    told('not_found', 'there is no such thing'),
    told('forbidden', 'not yours'),
    told('rate_limited', 'slow down', 7),
    told('upstream_error', 'the other side failed'),
    tool('large', { run: () => big(8_388_608 - 100) }),
    tool('too_large', { run: () => big(8_388_609) }),
    tool('vast', { run: () => ({ content: [1, 2, 3].map(() => ({ type: 'text' as const, text: 'x'.repeat(200_000_000) })) }) }),
    tool('too_large_details', { run: () => ({ content: [], details: 'é'.repeat(4_194_304) }) }),
  ],
  plugins: [
    blocker,
    toolsPlugin([tool('throws', { run: () => Promise.reject(new TypeError('secret detail')) })], 'thrower'),
    toolsPlugin([tool('nothing', { run: () => undefined as never })], 'silent'),
    toolsPlugin([tool('circular', { run: () => ({ content: [], details: circular() }) })], 'circular'),
    toolsPlugin([tool('bad_schema', { parameters: { type: 'object', additionalProperties: false, nonsense: 1 } })], 'schemer'),
  ],
})
after(() => gateway.close())

function circular() {
  const value: Record<string, unknown> = {}
  value['self'] = value
  return value
}

const envelope = (message: string, code: string, param: string | null = null) => ({
  status: 400,
  body: { error: { message, type: 'invalid_request_error', param, code } },
})

describe('POST /tools/invoke: what is asked', () => {
  test('success is 200 with the result as the tool gave it', async () => {
    assert.deepEqual(await invoke({ tool: ' Echo ', args: { text: 'hi' } }), done({ text: 'hi', times: 1 }))
  })

  test('method, credential, body: in this order', async () => {
    const get = await gateway.fetch('/tools/invoke', { headers: { authorization: '' } })
    assert.deepEqual([get.status, get.headers.get('allow'), await get.text()], [405, 'POST', 'Method Not Allowed'])
    const nobody = await post('{', { headers: { authorization: '' } })
    assert.equal(nobody.status, 401)
    const large = await post('x'.repeat(2_097_153))
    assert.deepEqual([large.status, ((await large.json()) as any).error.code], [413, 'payload_too_large'])
    const fits = JSON.stringify({ tool: 'echo', padding: 'x'.repeat(2_000_000) })
    assert.equal((await post(fits)).status, 200)
  })

  test('bad JSON, and a body without tool', async () => {
    const bad = await invoke('{"tool"')
    assert.deepEqual([bad.status, bad.body.error.code, bad.body.error.type], [400, 'invalid_json', 'invalid_request_error'])
    const missing = envelope('tools.invoke requires body.tool', 'missing_required_parameter', 'tool')
    for (const body of ['', '{}', { tool: '  ' }, { tool: 7 }, { name: 'echo' }]) assert.deepEqual(await invoke(body), missing)
    assert.equal((await invoke('[]')).body.error.code, 'invalid_value')
  })

  test('args that are no object are {}', async () => {
    for (const args of ['text', ['a'], null, 3, undefined]) assert.deepEqual(await invoke({ tool: 'echo', args }), done({ times: 1 }))
  })

  test('action becomes an argument where the tool has one and args has none', async () => {
    assert.deepEqual(await invoke({ tool: 'acts', action: 'go' }), done({ action: 'go' }))
    assert.deepEqual(await invoke({ tool: 'acts', action: 'go', args: { action: 'stop' } }), done({ action: 'stop' }))
    assert.deepEqual(await invoke({ tool: 'echo', action: 'go' }), done({ times: 1 }))
    assert.match((await invoke({ tool: 'acts', action: 'fly' })).body.error.message, /action .*"go","stop"/)
  })

  test('dryRun does nothing', async () => {
    assert.deepEqual(await invoke({ tool: 'echo', dryRun: true }), done({ times: 1 }))
  })

  test('the session, its agent and the headers reach the tool', async () => {
    const contextOf = async (body: object, headers: Record<string, string> = {}) => {
      const response = await post({ tool: 'echo', ...body }, { headers })
      assert.equal(response.status, 200)
      const { context } = seen.at(-1) as (typeof seen)[number]
      assert.equal(context.requestId, response.headers.get('x-request-id'))
      return context
    }
    const plain = await contextOf({})
    assert.match(plain.callId, /^http-\d{13}$/)
    const { agent, session, channel, accountId, to, threadId, principal } = plain
    assert.deepEqual([agent, session, channel, principal.kind], ['main', 'agent:main:main', 'webchat', 'operator'])
    assert.deepEqual([accountId, to, threadId], [undefined, undefined, undefined])
    for (const [sessionKey, canonical] of [
      ['main', 'agent:main:main'],
      [' main ', 'agent:main:main'],
      ['', 'agent:main:main'],
      [9, 'agent:main:main'],
      ['mine', 'agent:main:mine'],
      ['AGENT:Helper:x', 'agent:helper:x'],
    ])
      assert.equal((await contextOf({ sessionKey })).session, canonical)
    const told = await contextOf(
      {},
      {
        'x-openclaw-message-channel': 'Telegram',
        'x-openclaw-account-id': 'a1',
        'x-openclaw-message-to': 'u2',
        'x-openclaw-thread-id': 't3',
      },
    )
    assert.deepEqual([told.channel, told.accountId, told.to, told.threadId], ['telegram', 'a1', 'u2', 't3'])
  })

  test('a malformed session key and an unknown agent are the request’s fault', async () => {
    const { status, body } = await invoke({ tool: 'echo', sessionKey: 'agent::x' })
    assert.deepEqual([status, body.error.code, body.error.param], [400, 'invalid_value', 'sessionKey'])
    assert.equal((await invoke({ tool: 'echo', sessionKey: 'x'.repeat(600) })).body.error.code, 'invalid_value')
    assert.deepEqual(await invoke({ tool: 'echo', sessionKey: 'agent:nobody:x' }), envelope("Unknown agent 'nobody'.", 'agent_not_found'))
  })
})

describe('POST /tools/invoke: what becomes of it', () => {
  test('unknown and forbidden look the same', async () => {
    assert.deepEqual(await invoke({ tool: 'no_such' }), notAvailable('no_such'))
    assert.deepEqual(await invoke({ tool: 'gateway' }), notAvailable('gateway'))
    assert.deepEqual(await invoke({ tool: 'exec' }), notAvailable('exec'))
    assert.deepEqual(await invoke({ tool: 'gateway', args: { wrong: 1 } }), notAvailable('gateway'))
    assert.deepEqual(await invoke({ tool: '__proto__' }), notAvailable('__proto__'))
  })

  test('bad arguments are 400 with what is wrong', async () => {
    const wrong = await invoke({ tool: 'echo', args: { text: 'far too long', times: 0, more: 1 } })
    assert.deepEqual([wrong.status, wrong.body.ok, wrong.body.error.type], [400, false, 'tool_error'])
    assert.match(wrong.body.error.message, /^Invalid arguments for echo: /)
    for (const problem of [/unknown "more"/, /text must NOT have more than 10 characters/, /times must be >= 1/])
      assert.match(wrong.body.error.message, problem)
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`key${at}`, at]))
    const { message } = (await invoke({ tool: 'echo', args: many })).body.error
    assert.match(message, /and 295 more$/)
  })

  for (const [code, status, message] of [
    ['invalid_value', 400, 'the date is in the past'],
    ['not_found', 404, 'there is no such thing'],
    ['forbidden', 403, 'not yours'],
    ['upstream_error', 502, 'the other side failed'],
  ] as const)
    test(`what the tool says as ${code} is ${status}`, async () => {
      assert.deepEqual(await invoke({ tool: `told_${code}` }), toolError(status, message))
    })

  test('a tool may say when to try again', async () => {
    const response = await post({ tool: 'told_rate_limited' })
    assert.deepEqual([response.status, response.headers.get('retry-after')], [429, '7'])
  })

  test('a tap of authorize blocks a call, with its reason', async () => {
    assert.deepEqual(await invoke({ tool: 'guarded' }), toolError(403, 'not on a Sunday', 'tool_call_blocked'))
  })

  test('a scope that is missing is 403', async () => {
    const reader = { kind: 'user', id: 'u', scopes: ['operator.read'] } as const
    assert.deepEqual(await invoke({ tool: 'admin_only' }, reader), toolError(403, 'missing scope: operator.admin'))
    assert.deepEqual(await invoke({ tool: 'echo' }, reader), toolError(403, 'missing scope: operator.write'))
    assert.equal((await invoke({ tool: 'agents_list' }, reader)).status, 200)
    const nothing = await invoke({ tool: 'agents_list' }, { kind: 'user', id: 'u', scopes: [] })
    assert.deepEqual([nothing.status, nothing.body.error.code], [403, 'missing_scope'])
    assert.deepEqual(await invoke({ tool: 'admin_only' }), done({}))
  })

  for (const [name, plugin, why] of [
    ['throws', 'thrower', /secret detail/],
    ['nothing', 'silent', /answered no \{ content/],
    ['circular', 'circular', /circular/],
    ['bad_schema', 'schemer', /nonsense/],
  ] as const)
    test(`a tool that fails (${name}) is 500, and its plugin is named`, async () => {
      assert.deepEqual(await invoke({ tool: name }), toolError(500, 'tool execution failed'))
      const state = gateway.inspect().plugins.find((each) => each.name === plugin)
      assert.deepEqual([state?.faults.total, state?.faults.last?.hook], [1, `tool ${name}`])
      assert.match(state?.faults.last?.message ?? '', why)
    })

  test('a large result comes whole, one beyond 8 MiB not at all', async () => {
    const large = await invoke({ tool: 'large' })
    assert.deepEqual([large.status, large.body.result.content[0].text.length], [200, 8_388_508])
    assert.deepEqual(await invoke({ tool: 'too_large' }), toolError(500, 'tool result too large'))
    assert.deepEqual(await invoke({ tool: 'vast' }), toolError(500, 'tool result too large'))
    assert.deepEqual(await invoke({ tool: 'too_large_details' }), toolError(500, 'tool result too large'))
    assert.equal(gateway.inspect().plugins.find(({ name }) => name === 'fixture-tools')?.faults.total, 0)
  })

  test('an API key sees 404 where an operator sees 400 or 403', async () => {
    const who = key({ only: { tools: ['echo', 'admin_only'], agents: ['main'] } })
    assert.deepEqual(await invoke({ tool: 'admin_only' }, who), notAvailable('admin_only'))
    for (const sessionKey of ['agent:nobody:x', 'agent:helper:x'])
      assert.deepEqual(await invoke({ tool: 'echo', sessionKey }, who), notAvailable('echo'))
    assert.deepEqual(await invoke({ tool: 'echo' }, who), done({ times: 1 }))
  })
})
