import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Inspection, Plugin, PluginUse } from 'openclaw'
import { definePlugin } from 'openclaw/plugin'
import { createTestGateway, type TestGateway } from './gateway.js'
import { strictSchema } from './schema.js'
import { listIo } from './watch.js'

export interface ConformanceOptions {
  /** Configuration that it runs with. */
  readonly config?: unknown
  /** Plugins that it needs. */
  readonly with?: readonly (Plugin | PluginUse)[]
  /** Directories, for plugins that keep files. */
  readonly paths?: { readonly state?: string; readonly config?: string }
}

const publicPaths = new Set(['/health', '/healthz', '/ready', '/readyz'])

/** Register the tests that every plugin has to pass: apply declares, start acquires, and nothing is left behind. */
export function conformance(plugin: Plugin, { config, with: others = [], paths = {} }: ConformanceOptions = {}) {
  const use = (value: Plugin = plugin): PluginUse => (config === undefined ? { plugin: value } : { plugin: value, config })
  /** Boot with `uses`, check, close: also when the check fails, so that a test run ends. */
  const running = async (uses: PluginUse[], check: (gateway: TestGateway) => Promise<void> | void) => {
    const gateway = await createTestGateway({ plugins: [...others, ...uses], paths })
    try {
      await check(gateway)
    } finally {
      await gateway.close()
    }
    return gateway
  }
  const mine = (gateway: TestGateway) => gateway.inspect().plugins.find(({ name }) => name === plugin.name)

  describe(`conformance of ${plugin.name}`, () => {
    test('speaks contract 1 under a kebab-case name', () => {
      assert.equal(plugin.api, 1)
      assert.match(plugin.name, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
    })

    test('its schema is strict', () => strictSchema(plugin))

    test('apply does no input or output', async () => {
      let io: string[] = ['apply was not called']
      const watched = { ...plugin, apply: (kernel: never) => void (io = listIo(() => plugin.apply(kernel))) }
      await running([use(watched)], () => assert.deepEqual(io, [], 'Acquire in the start hook instead.'))
    })

    test('it becomes active', async () => {
      await running([use()], (gateway) => assert.equal(mine(gateway)?.state, 'active', mine(gateway)?.reason))
    })

    test('apply declares the same each time', async () => {
      const ledgers: unknown[] = []
      for (let time = 0; time < 2; time++) await running([use()], (gateway) => void ledgers.push(ledgerOf(mine(gateway))))
      assert.deepEqual(ledgers[0], ledgers[1])
    })

    test('adding and removing it leaves every table as before', async () => {
      const gateway = await running([], async ({ inspect, reload }) => {
        const before = tablesOf(inspect())
        const report = await reload({ plugins: [...others, use()] })
        // The front is part of every test gateway.
        const expected = before.plugins.some(({ name }) => name === plugin.name) ? 'keep' : 'add'
        assert.equal(report.steps.find(({ name }) => name === plugin.name)?.action, expected)
        await reload({ plugins: [...others] })
        assert.deepEqual(tablesOf(inspect()), before)
      })
      assertNoComplaint(gateway)
    })

    test('a reload that is refused leaves nothing of it', async () => {
      const gateway = await running([], async ({ inspect, reload }) => {
        const before = tablesOf(inspect())
        await assert.rejects(reload({ plugins: [...others, use(), refusing] }), /refused on purpose/)
        assert.deepEqual(tablesOf(inspect()), before)
      })
      assertNoComplaint(gateway)
    })

    test('50 replacements leave handles and listeners flat', async () => {
      const warnings: string[] = []
      const onWarning = ({ name, message }: Error) => void warnings.push(`${name}: ${message}`)
      process.on('warning', onWarning)
      try {
        const gateway = await running([use()], async ({ reload }) => {
          for (let i = 0; i < 5; i++) await reload({ plugins: [...others, use({ ...plugin })] })
          const before = await settledResources()
          for (let i = 0; i < 50; i++) await reload({ plugins: [...others, use({ ...plugin })] })
          assert.deepEqual(await grownResources(before), [], 'These grew with each replacement.')
        })
        assert.deepEqual(warnings, [])
        assertNoComplaint(gateway)
      } finally {
        process.off('warning', onWarning)
      }
    })

    test('closing twice is closing once', async () => {
      const gateway = await running([use()], ({ close }) => Promise.all([close(), close()]).then(() => undefined))
      assert.equal(gateway.inspect().state, 'closed')
      assertNoComplaint(gateway)
    })

    test('none of its routes answers 2xx without a credential', async () => {
      const open: string[] = []
      await running([use()], async (gateway) => {
        for (const { method, path } of routesOf(mine(gateway))) {
          const { status } = await gateway.fetch(path, { method, headers: { authorization: '' } })
          if (status < 300 && !publicPaths.has(path)) open.push(`${method} ${path}: ${status}`)
        }
      })
      assert.deepEqual(open, [])
    })
  })
}

/** Last in the list, so that the plugin under test is applied, and never started, before the candidate is refused. */
const refusing = definePlugin({
  api: 1,
  name: 'refusing',
  apply: (kernel) =>
    kernel.hooks.validate.tap(() => {
      throw new Error('refused on purpose')
    }),
})

type State = Inspection['plugins'][number]

const ledgerOf = (state: State | undefined) => state && { taps: state.taps, rows: state.rows, provides: state.provides }

const tablesOf = ({ plugins, services }: Inspection) => ({
  services,
  plugins: plugins.map(({ name, state, taps, rows }) => ({ name, state, taps, rows })).sort((a, b) => (a.name < b.name ? -1 : 1)),
})

const routesOf = (state: State | undefined) =>
  (state?.rows ?? []).flatMap(({ surface, key }) => {
    if (surface !== 'routes') return []
    const [method = 'GET', path = '/'] = key.split(' ')
    return [{ method, path: path.replace(/[{}]/g, '').replace(/[:*][A-Za-z0-9_]+/g, 'some') }]
  })

/** Nothing the gateway logged is a failure, but for the one that was asked for. */
function assertNoComplaint(gateway: TestGateway) {
  const complaints = gateway.log.filter(
    ({ level, message }) => (level === 'error' || level === 'fatal') && !message.includes(`"${refusing.name}"`),
  )
  assert.deepEqual(
    complaints.map(({ from, message }) => `${from}: ${message}`),
    [],
  )
}

type Counts = Map<string, number>

function countResources(): Counts {
  const counts: Counts = new Map()
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  for (const event of process.eventNames()) counts.set(`process listeners ${String(event)}`, process.listenerCount(event))
  return counts
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const patienceMs = 3_000

/** Counts once they stop falling: what was retired is closed in the background. */
async function settledResources(): Promise<Counts> {
  let counts = countResources()
  for (let calm = 0, tries = 0; calm < 3 && tries < 50; tries++) {
    await pause(50)
    const next = countResources()
    calm = [...next].every(([kind, count]) => count >= (counts.get(kind) ?? 0)) ? calm + 1 : 0
    counts = next
  }
  return counts
}

/** What is still above `before` after everything had time to go. */
async function grownResources(before: Counts): Promise<string[]> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const grown = [...countResources()].filter(([kind, count]) => count > (before.get(kind) ?? 0) + 1)
    if (grown.length === 0 || performance.now() > deadline)
      return grown.map(([kind, count]) => `${kind}: ${before.get(kind) ?? 0} -> ${count}`)
    await pause(50)
  }
}
