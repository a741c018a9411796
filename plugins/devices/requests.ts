import type { Sql } from '../contracts/store.js'
import { ask, type Asked, type Sources } from './decisions.js'
import { countRequests, readStanding, sweepRequests, writeStanding } from './rows.js'
import type { Claim, Request } from './standing.js'

/** Open requests, in all and from one address. */
const mostRequests = { all: 300, near: 3 }

/** `stored`: false for a request too many. It is answered like any other, so nobody learns that it is not kept. */
export type Recorded = Asked & { readonly stored: boolean }

/** Decide about a claim once more, now alone, and write what follows. A request too many is answered and not kept. */
export function record(sql: Sql, claim: Claim, silent: boolean, now: Sources): Recorded {
  sweepRequests(sql, now.now)
  const before = readStanding(sql, claim.deviceId, now.now)
  const asked = ask(before, claim, silent, now)
  const stored = !('request' in asked && asked.created && isCrowded(sql, asked.request, now.now))
  if (stored) writeStanding(sql, before, asked.standing)
  return { ...asked, stored }
}

function isCrowded(sql: Sql, request: Request, now: number): boolean {
  const { all, near } = countRequests(sql, request, now)
  return all >= mostRequests.all || near >= mostRequests.near
}
