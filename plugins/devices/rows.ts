import type { PairingRequest } from '../contracts/devices.js'
import type { Sql, SqlValue } from '../contracts/store.js'
import type { Grant, Paired, Request, Standing, Tombstone } from './standing.js'

/** From schema version n to n + 1. What was released is never changed: the next one is added. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE devices (
    device_id TEXT PRIMARY KEY, public_key TEXT NOT NULL, display_name TEXT, platform TEXT NOT NULL, device_family TEXT,
    client_id TEXT NOT NULL, client_mode TEXT NOT NULL, role TEXT NOT NULL, remote_ip TEXT,
    created_at_ms INTEGER NOT NULL, approved_at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- What a device holds in one role. The token itself is computed from issue_id.
  CREATE TABLE tokens (
    device_id TEXT NOT NULL, role TEXT NOT NULL, scopes TEXT NOT NULL, issue_id TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL, rotated_at_ms INTEGER, revoked_at_ms INTEGER, last_used_at_ms INTEGER,
    PRIMARY KEY (device_id, role)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE requests (
    request_id TEXT PRIMARY KEY, device_id TEXT NOT NULL UNIQUE, public_key TEXT NOT NULL, display_name TEXT, platform TEXT NOT NULL,
    device_family TEXT, client_id TEXT NOT NULL, client_mode TEXT NOT NULL, role TEXT NOT NULL, roles TEXT NOT NULL,
    scopes TEXT NOT NULL, asked TEXT NOT NULL, remote_ip TEXT, is_repair INTEGER NOT NULL, ts INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Devices that somebody took something from. Never deleted.
  CREATE TABLE tombstones (device_id TEXT PRIMARY KEY, cause TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `,
]

/** An open request is forgotten after this long. */
export const requestLifeMs = 300_000

const snake = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** A table whose columns are the fields of an object; lists are JSON, and a field that is absent is null. */
function table(name: string, fields: readonly string[], lists: readonly string[] = []) {
  const columns = fields.map(snake)
  const insert = `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
  const encode = (value: unknown) =>
    Array.isArray(value) ? JSON.stringify(value) : typeof value === 'boolean' ? Number(value) : (value ?? null)
  return {
    select: `SELECT ${fields.map((field) => `${snake(field)} AS "${field}"`).join(', ')} FROM ${name}`,
    insert: (sql: Sql, row: Readonly<Record<string, unknown>>) =>
      void sql(insert).run(...fields.map((field) => encode(row[field]) as SqlValue)),
    decode(row: Readonly<Record<string, unknown>>): any {
      const fields: Record<string, unknown> = {}
      for (const field in row) {
        const value = row[field]
        if (value !== null) fields[field] = lists.includes(field) ? JSON.parse(value as string) : value
      }
      return fields
    },
  }
}

const described = ['displayName', 'platform', 'deviceFamily', 'clientId', 'clientMode', 'role', 'remoteIp']
const devices = table('devices', ['deviceId', 'publicKey', ...described, 'createdAtMs', 'approvedAtMs'])
const tokens = table(
  'tokens',
  ['deviceId', 'role', 'scopes', 'issueId', 'createdAtMs', 'rotatedAtMs', 'revokedAtMs', 'lastUsedAtMs'],
  ['scopes'],
)
const requests = table(
  'requests',
  ['requestId', 'deviceId', 'publicKey', ...described, 'roles', 'scopes', 'asked', 'isRepair', 'ts'],
  ['roles', 'scopes', 'asked'],
)
const tombstones = table('tombstones', ['deviceId', 'cause', 'atMs'])

const grantOf = (row: Record<string, unknown>): Grant => {
  const { deviceId: _, ...grant } = tokens.decode(row)
  return grant
}
const deviceOf = (row: Record<string, unknown>, grants: readonly Grant[]): Paired => {
  const { deviceId: _, ...device } = devices.decode(row)
  return { ...device, grants }
}
const requestOf = (row: Record<string, unknown>): Request => ({ ...requests.decode(row), silent: false, isRepair: row['isRepair'] === 1 })

export function readGrants(sql: Sql, deviceId: string): Grant[] {
  return sql(`${tokens.select} WHERE device_id = ? ORDER BY role DESC`).all(deviceId).map(grantOf)
}

export function readDevice(sql: Sql, deviceId: string): Paired | undefined {
  const row = sql(`${devices.select} WHERE device_id = ?`).get(deviceId)
  return row && deviceOf(row, readGrants(sql, deviceId))
}

export function readStanding(sql: Sql, deviceId: string, now: number): Standing {
  const request = sql(`${requests.select} WHERE device_id = ? AND ts > ?`).get(deviceId, now - requestLifeMs)
  const tombstone = sql(`${tombstones.select} WHERE device_id = ?`).get(deviceId)
  return {
    deviceId,
    device: readDevice(sql, deviceId),
    request: request && requestOf(request),
    tombstone: tombstone && (({ cause, atMs }: Tombstone) => ({ cause, atMs }))(tombstone),
  }
}

/** The device whose open request this is. */
export function deviceOfRequest(sql: Sql, requestId: string, now: number): string | undefined {
  return sql('SELECT device_id AS deviceId FROM requests WHERE request_id = ? AND ts > ?').get(requestId, now - requestLifeMs)?.deviceId
}

/** Every paired device by its id, newest approval first. */
export function readDevices(sql: Sql): [deviceId: string, device: Paired][] {
  const grants = new Map<string, Grant[]>()
  for (const row of sql(`${tokens.select} ORDER BY role DESC`).all()) {
    const own = grants.get(row.deviceId)
    if (own) own.push(grantOf(row))
    else grants.set(row.deviceId, [grantOf(row)])
  }
  const rows = sql(`${devices.select} ORDER BY approved_at_ms DESC, device_id`).all()
  return rows.map((row) => [row.deviceId, deviceOf(row, grants.get(row.deviceId) ?? [])])
}

/** Every open request, newest first. */
export function readRequests(sql: Sql, now: number): Request[] {
  const rows = sql(`${requests.select} WHERE ts > ? ORDER BY ts DESC, request_id`).all(now - requestLifeMs)
  return rows.map(requestOf)
}

/** Write what is different. `before` must have been read in the same transaction. */
export function writeStanding(sql: Sql, before: Standing, { deviceId, device, request, tombstone }: Standing) {
  if (device !== before.device) {
    for (const name of ['devices', 'tokens']) sql(`DELETE FROM ${name} WHERE device_id = ?`).run(deviceId)
    if (device) devices.insert(sql, { ...device, deviceId })
    for (const grant of device?.grants ?? []) tokens.insert(sql, { ...grant, deviceId })
  }
  if (request !== before.request) {
    sql('DELETE FROM requests WHERE device_id = ?').run(deviceId)
    if (request) requests.insert(sql, { ...request })
  }
  if (tombstone && tombstone !== before.tombstone) {
    sql('DELETE FROM tombstones WHERE device_id = ?').run(deviceId)
    tombstones.insert(sql, { ...tombstone, deviceId })
  }
}

/** Forget expired requests. */
export function sweepRequests(sql: Sql, now: number) {
  sql('DELETE FROM requests WHERE ts <= ?').run(now - requestLifeMs)
}

/** Open requests, in all and from one address, without those of one device. */
export function countRequests(sql: Sql, { deviceId, remoteIp }: Pick<PairingRequest, 'deviceId' | 'remoteIp'>, now: number) {
  const text = 'SELECT count(*) AS "all", count(*) FILTER (WHERE remote_ip IS ?) AS near FROM requests WHERE device_id <> ? AND ts > ?'
  return sql(text).get(remoteIp ?? null, deviceId, now - requestLifeMs) as { all: number; near: number }
}

/** Note that a token was used; a token that was replaced meanwhile was not. */
export function writeUse(sql: Sql, deviceId: string, { role, issueId }: Grant, now: number) {
  sql('UPDATE tokens SET last_used_at_ms = ? WHERE device_id = ? AND role = ? AND issue_id = ?').run(now, deviceId, role, issueId)
}
