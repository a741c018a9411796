import { randomUUID } from 'node:crypto'
import { type Log, messageOf } from 'openclaw/plugin'
import type { Admission, Device, DeviceClaim, Devices, DeviceToken } from '../contracts/devices.js'
import { refusal } from '../contracts/methods.js'
import type { Database, Sql } from '../contracts/store.js'
import { ask, type Held, rejectRequest, remove, revoke, rotate, type Sources } from './decisions.js'
import { type Approved, approveById, change, listPairing, type PairingList, requester } from './pairing.js'
import { readDevice, readGrants, writeUse } from './rows.js'
import { record, type Recorded } from './requests.js'
import { missing } from './scopes.js'
import { type Claim, claimOf, type Grant, heldBy, scopesOf, type Standing } from './standing.js'
import { isWellFormed, tokenOf } from './token.js'
import { shownRequest } from './view.js'

export type Listener = (deviceId: string) => void

/** What the registry works with. */
export interface Host {
  readonly log: Log
  readonly database: Database
  readonly key: Buffer
  readonly listeners: Set<Listener>
  publish(event: 'device.pair.requested' | 'device.pair.resolved', payload: unknown): void
}

/** The last use of a token is noted no more often. */
const useEveryMs = 60_000

const sources = (): Sources => ({ now: Date.now(), id: randomUUID })

/** Everything that is known of devices. The database decides, also about what another process wrote there. */
export class Registry implements Devices {
  readonly #noting = new Set<string>()

  constructor(readonly host: Host) {}

  verify({ deviceId, publicKey, role, scopes }: Pick<DeviceClaim, 'deviceId' | 'publicKey' | 'role' | 'scopes'>, token: string): boolean {
    if (!isWellFormed(token)) return false
    const device = readDevice(this.#sql, deviceId)
    const grant = device?.publicKey === publicKey ? heldBy(device, role) : undefined
    if (!grant || missing(scopesOf(role, scopes), grant.scopes) !== undefined) return false
    if (!tokenOf(this.host.key, deviceId, grant).matches(token)) return false
    this.#noteUse(deviceId, grant)
    return true
  }

  async admit(claimed: DeviceClaim, silent: boolean): Promise<Admission> {
    const claim = claimOf(claimed)
    const now = sources()
    // Whether it is let in depends on what it holds alone; what else is recorded is read before anything is written.
    const standing: Standing = { deviceId: claim.deviceId, device: readDevice(this.#sql, claim.deviceId) }
    const first = ask(standing, claim, false, now)
    const known = 'grant' in first ? first.grant : undefined
    if (known && first.standing === standing) return this.#admitted(claim, known)
    try {
      const asked = await this.host.database.write((sql) => record(sql, claim, silent, now))
      return this.#answer(claim, asked)
    } catch (error) {
      if (!known) throw error
      // How a device shows itself could not be noted: no reason to keep it out.
      this.host.log.warn(`device ${claim.deviceId} was not updated: ${messageOf(error)}`)
      return this.#admitted(claim, known)
    }
  }

  granted(deviceId: string, role: DeviceToken['role']): readonly string[] | undefined {
    return readGrants(this.#sql, deviceId).find((grant) => grant.role === role && grant.revokedAtMs === undefined)?.scopes
  }

  list(): readonly Device[] {
    return this.overview().paired
  }

  onChange(listener: Listener): () => void {
    this.host.listeners.add(listener)
    return () => void this.host.listeners.delete(listener)
  }

  overview(): PairingList {
    return listPairing(this.#sql, Date.now())
  }

  /** Errors: `unknown requestId`, `missing scope`. */
  async approve(requestId: string, held: Held): Promise<Approved> {
    const approved = await this.host.database.write((sql) => approveById(sql, requestId, held, sources()))
    this.#resolved(requestId, approved.device.deviceId, 'approved')
    this.#changed(approved.device.deviceId)
    return approved
  }

  /** Error: `unknown requestId`. */
  async reject(requestId: string): Promise<{ requestId: string; deviceId: string }> {
    const now = sources()
    const deviceId = await this.host.database.write((sql) => {
      const found = requester(sql, requestId, now)
      change(sql, found, now, (standing) => ({ standing: rejectRequest(standing, now) }))
      return found
    })
    this.#resolved(requestId, deviceId, 'rejected')
    return { requestId, deviceId }
  }

  /** All its tokens end. Errors: `unknown deviceId`, `missing scope`. */
  async remove(deviceId: string, held: Held): Promise<{ deviceId: string }> {
    await this.#take(deviceId, (standing, now) => remove(standing, held, now))
    return { deviceId }
  }

  /** Errors: `unknown deviceId/role`, `missing scope`. */
  async revoke(deviceId: string, role: string, held: Held) {
    const { device } = await this.#take(deviceId, (standing, now) => revoke(standing, role, held, now))
    return { deviceId, role, revokedAtMs: device?.grants.find((grant) => grant.role === role)?.revokedAtMs }
  }

  /** Error: `device token rotation denied`. */
  async rotate(deviceId: string, wanted: { role: string; scopes?: readonly string[] | undefined }, held: Held) {
    const now = sources()
    const { grant } = await this.host.database.write((sql) =>
      change(sql, deviceId, now, (standing) => {
        const rotated = rotate(standing, wanted, held, now)
        if (!rotated) throw refusal('INVALID_REQUEST', 'device token rotation denied')
        return rotated
      }),
    )
    this.#changed(deviceId)
    const { role, scopes, rotatedAtMs } = grant
    return { deviceId, role, token: tokenOf(this.host.key, deviceId, grant).reveal(), scopes, rotatedAtMs }
  }

  get #sql(): Sql {
    return (text) => this.host.database.sql(text)
  }

  /** Take something from a device, and with it its open request. */
  async #take(deviceId: string, decide: (standing: Standing, now: Sources) => Standing): Promise<Standing> {
    const now = sources()
    const { before, standing } = await this.host.database.write((sql) =>
      change(sql, deviceId, now, (standing) => ({ standing: decide(standing, now) })),
    )
    if (before.request) this.#resolved(before.request.requestId, deviceId, 'rejected')
    this.#changed(deviceId)
    return standing
  }

  #answer(claim: Claim, asked: Recorded): Admission {
    const { deviceId, role } = claim
    if ('grant' in asked) {
      if (asked.silently) {
        this.host.log.info('device pairing auto-approved', { device: deviceId, role })
        this.#resolved(asked.silently.requestId, deviceId, 'approved')
        this.#changed(deviceId)
      }
      return this.#admitted(claim, asked.grant)
    }
    const { request, reason, created, stored } = asked
    if (created && stored) {
      this.host.log.info('device pairing requested', { device: deviceId, role, reason, requestId: request.requestId })
      this.host.publish('device.pair.requested', shownRequest(request))
    }
    return { admitted: false, requestId: request.requestId, reason }
  }

  #admitted({ deviceId }: Claim, grant: Grant): Admission {
    const { role, scopes, rotatedAtMs, createdAtMs } = grant
    const deviceToken = tokenOf(this.host.key, deviceId, grant).reveal()
    return { admitted: true, token: { deviceToken, role, scopes, issuedAtMs: rotatedAtMs ?? createdAtMs } }
  }

  #resolved(requestId: string, deviceId: string, decision: 'approved' | 'rejected') {
    this.host.publish('device.pair.resolved', { requestId, deviceId, decision, ts: Date.now() })
  }

  #changed(deviceId: string) {
    for (const listener of this.host.listeners) {
      try {
        listener(deviceId)
      } catch (error) {
        this.host.log.error(`a connection did not take notice of a change of device ${deviceId}: ${messageOf(error)}`)
      }
    }
  }

  /** Nobody waits for it, and if it fails nothing is lost but a time. */
  #noteUse(deviceId: string, grant: Grant) {
    const now = Date.now()
    if (now - (grant.lastUsedAtMs ?? 0) < useEveryMs || this.#noting.has(grant.issueId)) return
    this.#noting.add(grant.issueId)
    this.host.database
      .write((sql) => writeUse(sql, deviceId, grant, now))
      .catch((error: unknown) => this.host.log.debug(`the use of a token was not noted: ${messageOf(error)}`))
      .finally(() => this.#noting.delete(grant.issueId))
  }
}
