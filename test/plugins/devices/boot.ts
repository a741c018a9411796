import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { definePlugin, type Publication, type Row } from 'openclaw/plugin'
import type { TestGateway } from 'openclaw/testing'
import { type DeviceClaim, Devices } from '../../../plugins/contracts/devices.js'
import { type Client, type Method, Methods } from '../../../plugins/contracts/methods.js'
import devices from '../../../plugins/devices/index.js'
import store from '../../../plugins/store/index.js'
import { bootGateway } from '../../support/gateway.js'

export const everyScope = ['operator.admin', 'operator.approvals', 'operator.pairing', 'operator.read', 'operator.write']

export interface Booted {
  readonly gateway: TestGateway
  readonly devices: Devices
  /** What was published so far, oldest first. */
  readonly published: Publication[]
  /** Devices whose grants changed so far, in order. */
  readonly changes: string[]
  /** Call a method as a connection with these scopes. */
  call(method: string, params?: Record<string, unknown>, scopes?: readonly string[]): Promise<any>
  /** Replace the plugin `devices` by a reload. */
  replace(): Promise<void>
}

/** A gateway with paired devices, in memory unless there is a state directory. */
export async function bootDevices(state?: string): Promise<Booted> {
  const published: Publication[] = []
  const changes: string[] = []
  let service: { readonly current: Devices } | undefined
  let methods: { readonly current: ReadonlyMap<string, Row<Method>> } | undefined
  const probe = definePlugin({
    api: 1,
    name: 'probe',
    requires: [Devices],
    apply(kernel) {
      service = kernel.use(Devices)
      kernel.hooks.published.tap((publication) => void published.push(publication))
      kernel.hooks.start.tap(() => void service?.current.onChange((deviceId) => changes.push(deviceId)))
    },
  })
  // The owner of the table: these tests need no socket.
  const table = definePlugin({ api: 1, name: 'table', apply: (kernel) => void (methods = kernel.table(Methods)) })
  const plugins = (own = devices) => [store, own, probe, table]
  const gateway = await bootGateway({ plugins: plugins(), ...(state !== undefined && { paths: { state } }) })
  return {
    gateway,
    get devices() {
      return service?.current as Devices
    },
    published,
    changes,
    async call(method, params = {}, scopes = everyScope) {
      const client = { scopes, principal: { kind: 'device', id: 'caller', scopes } } as unknown as Client
      const row = methods?.current.get(method)?.value as Method
      const cancellation = { aborted: false } as never
      return row.handler({ params, client, requestId: 'test', cancellation, respond: () => undefined })
    },
    replace: async () => void (await gateway.reload({ plugins: plugins({ ...devices }) })),
  }
}

/** A device that can connect. Only its id and key matter here: the signature was checked before. */
export function newClaim(change: Partial<DeviceClaim> & { client?: DeviceClaim['client'] } = {}): DeviceClaim {
  const raw = randomBytes(32)
  return {
    deviceId: createHash('sha256').update(raw).digest('hex'),
    publicKey: raw.toString('base64url'),
    role: 'operator',
    scopes: ['operator.read'],
    client: { id: 'cli', mode: 'cli', platform: 'linux' },
    ...change,
  }
}

/** A token of the right form that nobody issued. */
export const strangeToken = () => createHash('sha256').update(randomUUID()).digest('base64url')

const made: string[] = []
export async function newState(): Promise<string> {
  const state = await mkdtemp(join(tmpdir(), 'devices-'))
  made.push(state)
  return state
}
export const dropStates = () => Promise.all(made.map((state) => rm(state, { recursive: true, force: true })))
