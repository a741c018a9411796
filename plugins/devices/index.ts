import { definePlugin, GatewayError } from 'openclaw/plugin'
import { Devices } from '../contracts/devices.js'
import { Events } from '../contracts/events.js'
import { Methods } from '../contracts/methods.js'
import { Store } from '../contracts/store.js'
import { addMethods } from './method-rows.js'
import { type Listener, Registry } from './registry.js'
import { migrations } from './rows.js'
import { schema } from './schema.js'
import { loadKey } from './token.js'

/** Paired devices: who may connect, with which role and scopes, and with which token. */
export default definePlugin({
  api: 1,
  name: 'devices',
  schema,
  requires: [Store],
  provides: [Devices],
  apply(kernel) {
    const store = kernel.use(Store)
    const scope = 'operator.pairing'
    // Who listens goes to the successor, so that no change is missed; so does a key that is in no file.
    const kept = kernel.keep(
      'kept',
      (): { key?: Buffer; readonly listeners: Set<Listener> } => ({ listeners: new Set() }),
      () => undefined,
    )
    let opened: Registry | undefined
    const registry = () => {
      if (opened) return opened
      throw new GatewayError('not_started', 'The register of devices is not open yet.')
    }
    kernel.provide(Devices, {
      verify: (claim, token) => registry().verify(claim, token),
      admit: (claim, silent) => registry().admit(claim, silent),
      granted: (deviceId, role) => registry().granted(deviceId, role),
      list: () => registry().list(),
      onChange(listener) {
        kept.listeners.add(listener)
        return () => void kept.listeners.delete(listener)
      },
    })
    kernel.surface(Events).tap((events) => {
      events.add('device.pair.requested', { scope, droppable: true })
      events.add('device.pair.resolved', { scope, droppable: true })
    })
    kernel.surface(Methods).tap((methods) => addMethods(methods, registry, kernel.log))
    kernel.hooks.start.tap(async () => {
      kept.key ??= await loadKey(kernel.paths.state)
      const database = await store.current.open({ name: 'devices', migrations })
      opened = new Registry({
        log: kernel.log,
        database,
        key: kept.key,
        listeners: kept.listeners,
        publish: (event, payload) => kernel.emit('published', { event, payload }),
      })
    })
  },
})
