import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { definePlugin, type Principal } from 'openclaw/plugin'
import type { TestGateway } from 'openclaw/testing'
import { type Charge, Ledger, type Reservation, type SpendLimit, SpendLimits } from '../../../plugins/contracts/ledger.js'
import type { Model, Usage } from '../../../plugins/contracts/models.js'
import store from '../../../plugins/store/index.js'
import usage from '../../../plugins/usage/index.js'
import wsProtocol from '../../../plugins/ws-protocol/index.js'
import { bootGateway } from '../../support/gateway.js'
import { connectOperator, type Wire } from '../../support/operator.js'

export interface Booted {
  readonly gateway: TestGateway
  readonly operator: Wire
  readonly ledger: Ledger
  /** Limits of keys by their id; may be changed at any time. */
  readonly limits: Map<string, SpendLimit>
  replace(): Promise<void>
  close(): Promise<void>
}

/** A gateway that counts, and a connected operator; in memory unless there is a state directory. */
export async function bootUsage(state?: string): Promise<Booted> {
  const limits = new Map<string, SpendLimit>()
  let ledger: { readonly current: Ledger } | undefined
  const limiting = definePlugin({
    api: 1,
    name: 'limiting',
    provides: [SpendLimits],
    apply: (kernel) =>
      kernel.provide(SpendLimits, {
        limitOf: ({ kind, id }) => (kind === 'key' ? limits.get(id) : undefined),
        list: () => [...limits].map(([id, limit]) => ({ kind: 'key', id, ...limit })),
      }),
  })
  const probe = definePlugin({ api: 1, name: 'probe', requires: [Ledger], apply: (kernel) => void (ledger = kernel.use(Ledger)) })
  const plugins = (own = usage) => [wsProtocol, store, limiting, own, probe]
  const gateway = await bootGateway({ plugins: plugins(), ...(state !== undefined && { paths: { state } }) })
  const operator = await connectOperator(gateway.url, { token: gateway.token })
  return {
    gateway,
    operator,
    limits,
    get ledger() {
      return ledger?.current as Ledger
    },
    replace: async () => void (await gateway.reload({ plugins: plugins({ ...usage }) })),
    async close() {
      await operator.close()
      await gateway.close()
    },
  }
}

/** A cent for 10,000 tokens of input, a cent for 1,000 of output. */
export const priced: Model = {
  key: 'fake/priced',
  provider: 'fake',
  id: 'priced',
  kind: 'chat',
  cost: { input: 1, output: 10, cacheRead: 0.1 },
}
export const unpriced: Model = { key: 'fake/unpriced', provider: 'fake', id: 'unpriced', kind: 'chat' }

export const keyNamed = (id: string): Principal => ({ kind: 'key', id, scopes: [] })

/** A call that may cost a cent at most, unless it is changed. */
export const charge = (change: Partial<Charge> = {}): Charge => ({
  principal: keyNamed('one'),
  agent: 'main',
  model: priced,
  requestId: 'request',
  inputChars: 0,
  maxTokens: 1_000,
  ...change,
})

export const usageOf = (promptTokens: number, completionTokens: number, cachedTokens?: number): Usage => ({
  promptTokens,
  completionTokens,
  totalTokens: promptTokens + completionTokens,
  ...(cachedTokens !== undefined && { cachedTokens }),
})

/** A reservation of somebody without a limit comes at once. */
export const atOnce = (reservation: Reservation | Promise<Reservation>): Reservation => {
  if ('then' in reservation) throw new Error('it took time')
  return reservation
}

const made: string[] = []
export async function newState(): Promise<string> {
  const state = await mkdtemp(join(tmpdir(), 'usage-'))
  made.push(state)
  return state
}
after(() => Promise.all(made.map((state) => rm(state, { recursive: true, force: true }))))
