import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { definePlugin } from 'openclaw/plugin'
import { jsonResult, type ToolContext, Tools } from '../../../plugins/contracts/tools.js'
import toolsInvoke from '../../../plugins/tools-invoke/index.js'
import { bootTools, done, notAvailable, tool, toolError, toolsPlugin, type ToolsGateway } from '../../support/tools.js'

/** A promise and what settles it. */
function gate<T = void>() {
  let open: (value: T) => void = () => undefined
  const opened = new Promise<T>((resolve) => (open = resolve))
  return { opened, open }
}

const faultsOf = ({ gateway }: ToolsGateway, plugin: string) => gateway.inspect().plugins.find(({ name }) => name === plugin)?.faults

describe('POST /tools/invoke: while a tool runs', () => {
  test('a client that goes away aborts the tool, which is nobody’s fault', async (t) => {
    const began = gate<ToolContext>()
    const list = [
      tool('waits', {
        run(_args, context) {
          began.open(context)
          return new Promise((_, reject) => context.cancellation.onAbort(reject))
        },
      }),
    ]
    const booted = await bootTools({ list })
    t.after(() => booted.gateway.close())
    const leave = new AbortController()
    const asking = booted.post({ tool: 'waits' }, { signal: leave.signal })
    const { cancellation } = await began.opened
    const told = new Promise((resolve) => cancellation.onAbort(resolve))
    leave.abort()
    await assert.rejects(asking)
    assert.equal(((await told) as { code: string }).code, 'client_closed')
    assert.equal(cancellation.signal.aborted, true)
    assert.equal((await booted.invoke({ tool: 'agents_list' })).status, 200)
    assert.equal(faultsOf(booted, 'fixture-tools')?.total, 0)
  })

  test('a tool that hangs is told so, answered for and named', async (t) => {
    const told = gate<unknown>()
    const list = [
      tool('hangs', {
        timeoutMs: 50,
        run(_args, { cancellation }) {
          cancellation.onAbort(told.open)
          return new Promise(() => undefined)
        },
      }),
    ]
    const booted = await bootTools({ list })
    t.after(() => booted.gateway.close())
    assert.deepEqual(await booted.invoke({ tool: 'hangs' }), toolError(500, 'tool execution failed'))
    assert.match(String(await told.opened), /did not end within 50 ms/)
    const faults = faultsOf(booted, 'fixture-tools')
    assert.equal(faults?.total, 1)
    assert.match(faults?.last?.message ?? '', /Plugin "fixture-tools" failed in tool hangs: it did not end within 50 ms/)
  })

  test('tools.timeoutMs is the limit of a tool without one', async (t) => {
    const booted = await bootTools({ tools: { timeoutMs: 1_000 }, list: [tool('hangs', { run: () => new Promise(() => undefined) })] })
    t.after(() => booted.gateway.close())
    assert.deepEqual(await booted.invoke({ tool: 'hangs' }), toolError(500, 'tool execution failed'))
    assert.match(faultsOf(booted, 'fixture-tools')?.last?.message ?? '', /within 1000 ms/)
  })

  test('a plugin whose tools keep failing is quarantined: its tools are away, the others serve', async (t) => {
    const failing = tool('fails', {
      run() {
        throw new Error('always')
      },
    })
    const booted = await bootTools({ plugins: [toolsPlugin([failing, tool('fine')], 'failing')] })
    t.after(() => booted.gateway.close())
    for (let time = 0; time < 5; time++) assert.equal((await booted.invoke({ tool: 'fails' })).status, 500)
    const away = await booted.post({ tool: 'fine' })
    assert.deepEqual([away.status, away.headers.get('retry-after')], [503, '5'])
    assert.deepEqual(await away.json(), { ok: false, error: { type: 'tool_error', message: 'fine is not available right now.' } })
    assert.equal((await booted.invoke({ tool: 'agents_list' })).status, 200)
  })

  test('calls beyond the limit are 429, and a place is free again afterwards', async (t) => {
    const began = gate()
    const finish = gate()
    const list = [
      tool('waits', {
        async run() {
          began.open()
          await finish.opened
          return jsonResult('waited')
        },
      }),
    ]
    const booted = await bootTools({ door: { maxInFlight: 1 }, list })
    t.after(() => booted.gateway.close())
    const first = booted.invoke({ tool: 'waits' })
    await began.opened
    const refused = await booted.post({ tool: 'agents_list' })
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '5'])
    assert.equal(((await refused.json()) as any).error.code, 'too_many_runs')
    finish.open()
    assert.deepEqual(await first, done('waited'))
    assert.equal((await booted.invoke({ tool: 'agents_list' })).status, 200)
  })
})

describe('POST /tools/invoke: the door', () => {
  const denied = ['sessions_spawn', 'sessions_send', 'cron', 'gateway', 'whatsapp_login']
  const list = [...denied, 'Extra', 'other'].map((name) => tool(name))

  test('T-TOOL-01 what spawns, sends, schedules and configures is denied; gateway.tools changes that by exact name', async (t) => {
    const booted = await bootTools({ list })
    t.after(() => booted.gateway.close())
    for (const name of denied) assert.deepEqual(await booted.invoke({ tool: name }), notAvailable(name))
    assert.equal((await booted.invoke({ tool: 'other' })).status, 200)
    const door = { allow: [' CRON ', 'gateway', 'sessions_*', 'group:sessions'], deny: ['GATEWAY', 'eXtra ', 'oth*'] }
    const report = await booted.gateway.reload({
      plugins: booted.plugins.map((each) =>
        'plugin' in each && each.plugin === toolsInvoke ? { plugin: toolsInvoke, config: door } : each,
      ),
    })
    assert.equal(report.steps.find(({ name }) => name === 'tools-invoke')?.action, 'update')
    const open = []
    for (const name of [...denied, 'extra', 'other']) if ((await booted.invoke({ tool: name })).status === 200) open.push(name)
    assert.deepEqual(open, ['cron', 'other'])
  })

  test('gateway.tools.allow opens nothing that the policy does not', async (t) => {
    const booted = await bootTools({ list, door: { allow: ['cron'] }, tools: { deny: ['group:automation'] } })
    t.after(() => booted.gateway.close())
    assert.deepEqual(await booted.invoke({ tool: 'cron' }), notAvailable('cron'))
  })
})

describe('POST /tools/invoke: reload', () => {
  test('a plugin of tools is replaced under load: no call is lost or cut', async (t) => {
    const version = (number: number) =>
      definePlugin({
        api: 1,
        name: 'versioned',
        apply: (kernel) =>
          kernel.surface(Tools).tap((table) =>
            table.add(
              tool('version', {
                async run() {
                  await new Promise((resolve) => setImmediate(resolve))
                  if (kernel.signal.aborted) throw new Error('its plugin was stopped while it ran')
                  return jsonResult(number)
                },
              }),
            ),
          ),
      })
    const booted = await bootTools({ plugins: [version(0)] })
    t.after(() => booted.gateway.close())
    const answers = new Set<unknown>()
    const failures: unknown[] = []
    let running = true
    const client = async () => {
      while (running) {
        const { status, body } = await booted.invoke({ tool: 'version' })
        if (status === 200) answers.add(body.result.details)
        else failures.push(body)
      }
    }
    const clients = Array.from({ length: 8 }, client)
    const rest = booted.plugins.filter((each) => !('name' in each && each.name === 'versioned'))
    for (let number = 1; number <= 20; number++) {
      await booted.gateway.reload({ plugins: [...rest, version(number)] })
      assert.deepEqual((await booted.invoke({ tool: 'version' })).body, { ok: true, result: jsonResult(number) })
    }
    running = false
    await Promise.all(clients)
    assert.deepEqual(failures, [])
    assert.ok(answers.size > 1)
    await booted.gateway.reload({ plugins: rest })
    assert.deepEqual(await booted.invoke({ tool: 'version' }), notAvailable('version'))
  })

  test('a call that runs through a reload of everything it uses ends as it would have', async (t) => {
    const began = gate()
    const finish = gate()
    const slow = toolsPlugin(
      [
        tool('slow', {
          async run() {
            began.open()
            await finish.opened
            return jsonResult('old')
          },
        }),
      ],
      'slow',
    )
    const booted = await bootTools({ plugins: [slow] })
    t.after(() => booted.gateway.close())
    const asking = booted.invoke({ tool: 'slow' })
    await began.opened
    await booted.gateway.reload({
      plugins: booted.plugins.map((each) => ('plugin' in each ? { ...each, plugin: { ...each.plugin } } : { ...each })),
    })
    finish.open()
    assert.deepEqual(await asking, done('old'))
  })

  test('a call waits for a plugin that must not exist twice', async (t) => {
    const started = gate()
    const lonely = (number: number, begin: Promise<void> = Promise.resolve()) =>
      definePlugin({
        api: 1,
        name: 'lonely',
        exclusive: true,
        apply(kernel) {
          kernel.hooks.start.tap(() => begin)
          kernel.surface(Tools).tap((table) => table.add(tool('alone', { run: () => jsonResult(number) })))
        },
      })
    const booted = await bootTools({ plugins: [lonely(1)] })
    t.after(() => booted.gateway.close())
    const rest = booted.plugins.filter((each) => !('name' in each && each.name === 'lonely'))
    const reloading = booted.gateway.reload({ plugins: [...rest, lonely(2, started.opened)] })
    const stateOf = () => booted.gateway.inspect().plugins.find(({ name }) => name === 'lonely')?.state
    while (stateOf() !== 'starting') await new Promise((resolve) => setTimeout(resolve, 5))
    const asking = booted.invoke({ tool: 'alone' })
    started.open()
    assert.deepEqual(await asking, done(2))
    await reloading
  })
})
