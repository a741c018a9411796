import { covers } from 'openclaw/plugin'
import type { Devices } from '../contracts/devices.js'
import type { Connection } from './connection.js'
import type { Surroundings } from './hub.js'

const changed = 'unauthorized: gateway credentials changed'

/** What open connections may still do: the gateway's credential, a proxy's rules and a device's grants change while they are open. */
export class Grants {
  #unwatch: (() => void) | undefined
  #watched: Devices | undefined

  constructor(
    readonly connections: ReadonlyMap<string, Connection>,
    readonly owner: () => Surroundings,
  ) {}

  /** The generation changed: look at everybody again. */
  recheckAll() {
    this.#watch(this.owner().devices.current)
    for (const connection of this.connections.values()) {
      const problem = this.recheck(connection)
      if (problem !== undefined) connection.end(1008, problem)
      else this.#askAgain(connection)
    }
  }

  /** Why what let a connection in does not any more. */
  recheck(connection: Connection): string | undefined {
    return this.#isProven(connection) ? this.#narrow(connection) : changed
  }

  #isProven({ proof, call: { peer } }: Connection): boolean {
    const access = this.owner().access.current
    if (!proof || (proof.paired && proof.bearer === undefined)) return true
    if (proof.bearer === undefined) return access.mode === proof.mode
    // Not from its address: a lock there is about guesses.
    return access.identify({ peer: { ...peer, address: '' }, bearer: proof.bearer }) !== undefined
  }

  /** Whoever was let in on a proxy's word needs it still. */
  #askAgain(connection: Connection) {
    const { proof, call, headers } = connection
    if (proof?.mode !== 'trusted-proxy' || proof.paired) return
    const decided = this.owner().access.current.authenticate({ call, peer: call.peer, headers, bearer: undefined })
    void Promise.resolve(decided).then((decision) => 'deny' in decision && connection.end(1008, changed))
  }

  /** Take from a connection what its device does not hold any more. Answers why it must end, if it must. */
  #narrow(connection: Connection): string | undefined {
    const { client, proof } = connection
    const devices = this.owner().devices.current
    if (!devices || client?.deviceId === undefined || !proof?.paired) return undefined
    const { deviceId, role } = client
    const granted = devices.granted(deviceId, role)
    if (granted === undefined) return 'device token revoked'
    const { ownToken, device } = proof
    if (ownToken !== undefined && device && !devices.verify({ ...device, role, scopes: [] }, ownToken)) return 'device token rotated'
    const scopes = client.scopes.filter((scope) => covers(granted, scope))
    if (scopes.length < client.scopes.length) connection.client = { ...client, scopes, principal: { ...client.principal, scopes } }
    return undefined
  }

  #watch(devices: Devices | undefined) {
    if (devices === this.#watched) return
    this.#unwatch?.()
    this.#watched = devices
    this.#unwatch = devices?.onChange((deviceId) => this.#regrant(deviceId, devices))
  }

  /** A device's grants changed: narrow its connections or end them, and the runs that it began. */
  #regrant(deviceId: string, devices: Devices) {
    for (const connection of this.connections.values()) {
      const problem = connection.client?.deviceId === deviceId && this.#narrow(connection)
      if (problem) connection.end(1008, problem)
    }
    if (devices.granted(deviceId, 'operator')) return
    for (const run of this.owner().runs.current?.active() ?? []) if (run.deviceId === deviceId) run.abort('rpc')
  }

  /** Listen to nobody any more. */
  close() {
    this.#unwatch?.()
    this.#unwatch = this.#watched = undefined
  }
}
