import type { Principal } from 'openclaw/plugin'
import { refusal } from '../contracts/methods.js'
import { isKnown, missing } from './scopes.js'
import {
  approve,
  type Claim,
  type Grant,
  heldBy,
  isQuiet,
  type Obstacle,
  obstacle,
  type Paired,
  type Request,
  requestOf,
  scopesOf,
  seen,
  type Standing,
  type Tombstone,
} from './standing.js'

/** Scopes of whoever decides. */
export type Held = Principal['scopes']
/** Where new ids come from, and the time. */
export interface Sources {
  readonly now: number
  /** An id that nobody can guess. */
  id(): string
}

export type Asked =
  | { readonly standing: Standing; readonly grant: Grant; readonly silently?: Request }
  | { readonly standing: Standing; readonly reason: Obstacle; readonly request: Request; readonly created: boolean }

const invalid = (message: string) => refusal('INVALID_REQUEST', message)

/** Decide about a device that connects. `silent`: it may be approved without asking anybody, where the rules allow it. */
export function ask(standing: Standing, claim: Claim, silent: boolean, { now, id }: Sources): Asked {
  const reason = obstacle(standing, claim)
  if (!reason) {
    const device = seen(standing.device as Paired, claim)
    const grant = heldBy(device, claim.role) as Grant
    return { standing: device === standing.device ? standing : { ...standing, device }, grant }
  }
  if (silent && isQuiet(standing, reason)) {
    // Only what is asked for now: an open request of the device goes on waiting for a person.
    const request = requestOf(claim, { ...standing, request: undefined }, { id: id(), silent, now })
    const paired = approve(standing, request, now, id)
    return { standing: paired, grant: heldBy(paired.device, claim.role) as Grant, silently: request }
  }
  const request = requestOf(claim, standing, { id: id(), silent: false, now })
  const created = request.requestId !== standing.request?.requestId
  return { standing: { ...standing, request }, reason, request, created }
}

/** Nobody gives what they do not hold. Error: `missing scope`. */
export function approveRequest({ request, ...standing }: Standing, held: Held, { now, id }: Sources): Standing {
  if (!request) throw invalid('unknown requestId')
  const lacking = missing(request.scopes, held)
  if (lacking !== undefined) throw invalid(`missing scope: ${lacking}`)
  return approve(standing, request, now, id)
}

const bury = (cause: Tombstone['cause'], { now }: Sources): { tombstone: Tombstone } => ({ tombstone: { cause, atMs: now } })

export const rejectRequest = (standing: Standing, sources: Sources): Standing => ({
  ...standing,
  request: undefined,
  ...bury('rejected', sources),
})

/** The device and its open request are gone. Errors: `unknown deviceId`, `missing scope`. */
export function remove({ deviceId, device }: Standing, held: Held, sources: Sources): Standing {
  if (!device) throw invalid('unknown deviceId')
  demandAll(device.grants, held)
  return { deviceId, ...bury('removed', sources) }
}

/** End a role's token, and the device's open request. Errors: `unknown deviceId/role`, `missing scope`. */
export function revoke({ device, ...standing }: Standing, role: string, held: Held, sources: Sources): Standing {
  const grant = device?.grants.find((grant) => grant.role === role)
  if (!device || !grant) throw invalid('unknown deviceId/role')
  demandAll([grant], held)
  const revoked = { ...grant, revokedAtMs: grant.revokedAtMs ?? sources.now }
  return { ...standing, device: withGrant(device, revoked), request: undefined, ...bury('revoked', sources) }
}

/**
 * A new token for a role, with the scopes that it has or fewer of them. Undefined: denied, and why is nobody's business.
 * Whoever gets the token could use it, so it never has more than they hold.
 */
export function rotate(
  { device, ...standing }: Standing,
  { role, scopes }: { role: string; scopes?: readonly string[] | undefined },
  held: Held,
  sources: Sources,
): { standing: Standing; grant: Grant } | undefined {
  const grant = heldBy(device, role)
  if (!device || !grant || missing(grant.scopes, held) !== undefined) return undefined
  if (scopes && (!scopes.every(isKnown) || missing(scopesOf(grant.role, scopes), grant.scopes) !== undefined)) return undefined
  const rotated = {
    ...grant,
    scopes: scopes ? scopesOf(grant.role, scopes) : grant.scopes,
    issueId: sources.id(),
    rotatedAtMs: sources.now,
  }
  const narrowed = missing(grant.scopes, rotated.scopes) !== undefined
  return { standing: { ...standing, device: withGrant(device, rotated), ...(narrowed && bury('narrowed', sources)) }, grant: rotated }
}

/** Nobody acts on a device that holds what they do not. */
function demandAll(grants: readonly Grant[], held: Held) {
  for (const { scopes, revokedAtMs } of grants) {
    const lacking = revokedAtMs === undefined ? missing(scopes, held) : undefined
    if (lacking !== undefined) throw invalid(`missing scope: ${lacking}`)
  }
}

const withGrant = (device: Paired, grant: Grant): Paired => ({
  ...device,
  grants: device.grants.map((other) => (other.role === grant.role ? grant : other)),
})
