import { definePlugin, type Kernel } from 'openclaw/plugin'
import type { TestGateway, TestGatewayOptions } from 'openclaw/testing'
import { type EventRow, Events } from '../../plugins/contracts/events.js'
import { type Method, Methods } from '../../plugins/contracts/methods.js'
import wsProtocol from '../../plugins/ws-protocol/index.js'
import { bootGateway } from './gateway.js'
import { type MemoryDevices, memoryDevices } from './memory-devices.js'

export interface ControlOptions extends TestGatewayOptions {
  /** Config of the plugin `ws-protocol`. */
  readonly config?: Record<string, unknown>
  readonly methods?: Readonly<Record<string, Method>>
  readonly events?: Readonly<Record<string, EventRow>>
  /** Left out: a provider in memory. False: none. */
  readonly devices?: false
  /** On a reload: `ws-protocol` itself is replaced. */
  readonly replace?: true
}

/** A gateway that speaks the control protocol, with rows of the test's own. */
export interface Control {
  readonly gateway: TestGateway
  readonly url: string
  readonly token: string
  readonly devices: MemoryDevices
  publish(event: string, payload: unknown, only?: ReadonlySet<string>): void
  /** Reload with this config of `ws-protocol`, and these methods and options. */
  reload(change: ControlOptions): Promise<void>
  /** `ws://…` of a path. */
  at(path: string): string
}

/** A plugin with methods and events. `held` receives its kernel, to publish with. */
export function rows(
  methods: Readonly<Record<string, Method>> = {},
  events: Readonly<Record<string, EventRow>> = {},
  held: { kernel?: Kernel<never, never> } = {},
  name = 'rows',
) {
  return definePlugin({
    api: 1,
    name,
    apply(kernel: Kernel<never, never>) {
      held.kernel = kernel
      kernel.surface(Methods).tap((table) => {
        for (const [method, row] of Object.entries(methods)) table.add(method, row)
      })
      kernel.surface(Events).tap((table) => {
        for (const [event, row] of Object.entries(events)) table.add(event, row)
      })
    },
  })
}

export async function bootControl(options: ControlOptions = {}): Promise<Control> {
  const held: { kernel?: Kernel<never, never> } = {}
  const devices = memoryDevices()
  let current = options
  const plugins = () => [
    { plugin: current.replace ? { ...wsProtocol } : wsProtocol, config: current.config ?? {} },
    ...(current.devices === false ? [] : [devices.plugin]),
    rows(current.methods, current.events, held),
    ...(current.plugins ?? []),
  ]
  const gatewayOptions = ({ config: _c, methods: _m, events: _e, devices: _d, replace: _r, ...rest }: ControlOptions) => ({
    ...rest,
    plugins: plugins(),
  })
  const gateway = await bootGateway(gatewayOptions(options))
  return {
    gateway,
    url: gateway.url,
    token: gateway.token,
    devices,
    publish: (event, payload, only) => held.kernel?.emit('published', { event, payload, ...(only && { only }) }),
    async reload(change) {
      current = { ...current, ...change }
      await gateway.reload(gatewayOptions(change))
    },
    at: (path) => gateway.url.replace('http', 'ws') + path,
  }
}

/** Every scope there is, and one that there is not. */
export const scopeNames = [
  'operator.admin',
  'operator.read',
  'operator.write',
  'operator.approvals',
  'operator.pairing',
  'operator.talk.secrets',
  'made.up',
]
/** A method for each: `needs operator.read` answers who holds that scope. */
export const scopedMethods = Object.fromEntries(scopeNames.map((scope) => [`needs ${scope}`, { scope, handler: () => scope }]))
