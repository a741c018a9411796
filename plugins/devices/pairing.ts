import { refusal } from '../contracts/methods.js'
import type { Device, PairingRequest } from '../contracts/devices.js'
import type { Sql } from '../contracts/store.js'
import { approveRequest, type Held, type Sources } from './decisions.js'
import { deviceOfRequest, readDevices, readRequests, readStanding, writeStanding } from './rows.js'
import type { Paired, Standing } from './standing.js'
import { shownDevice, shownRequest } from './view.js'

/** What is asked for and what is granted: the answer of `device.pair.list`. */
export interface PairingList {
  readonly pending: readonly PairingRequest[]
  readonly paired: readonly Device[]
}
export interface Approved {
  readonly requestId: string
  readonly device: Device
}

export const listPairing = (sql: Sql, now: number): PairingList => ({
  pending: readRequests(sql, now).map(shownRequest),
  paired: readDevices(sql).map(([deviceId, device]) => shownDevice(deviceId, device)),
})

/** Decide about one device and write what changed, within a transaction of the caller. */
export function change<T extends { standing: Standing }>(
  sql: Sql,
  deviceId: string,
  { now }: Sources,
  decide: (standing: Standing) => T,
): T & { before: Standing } {
  const before = readStanding(sql, deviceId, now)
  const outcome = decide(before)
  writeStanding(sql, before, outcome.standing)
  return { ...outcome, before }
}

/** Whose request this is. Error: `unknown requestId`; it is used up, expired, replaced or never was. */
export function requester(sql: Sql, requestId: string, { now }: Sources): string {
  const deviceId = deviceOfRequest(sql, requestId, now)
  if (deviceId === undefined) throw refusal('INVALID_REQUEST', 'unknown requestId')
  return deviceId
}

/** Approve an open request within a transaction of the caller: it is used up by it. */
export function approveById(sql: Sql, requestId: string, held: Held, sources: Sources): Approved {
  const deviceId = requester(sql, requestId, sources)
  const { standing } = change(sql, deviceId, sources, (before) => ({ standing: approveRequest(before, held, sources) }))
  return { requestId, device: shownDevice(deviceId, standing.device as Paired) }
}
