import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Role } from '../../../plugins/contracts/devices.js'
import { ask, approveRequest, type Asked, rejectRequest, remove, revoke, rotate, type Sources } from '../../../plugins/devices/decisions.js'
import { recorded } from '../../../plugins/devices/scopes.js'
import { claimOf, heldBy, type Standing } from '../../../plugins/devices/standing.js'
import { seeded } from '../../support/random.js'
import { newClaim } from './boot.js'

let ids = 0
const nextId = () => `id-${ids++}`
const sources = (now = 1_000): Sources => ({ now, id: nextId })
const outcome = (asked: Asked) => ('grant' in asked ? (asked.silently ? 'silently' : 'admitted') : asked.reason)

const someone = newClaim({
  scopes: ['operator.read', 'operator.pairing'],
  client: { id: 'cli', mode: 'cli', platform: 'Linux', deviceFamily: 'PC' },
})
const nobody: Standing = { deviceId: someone.deviceId }
const known: Standing = (() => {
  const { standing } = ask(nobody, claimOf(someone), false, sources())
  return { ...approveRequest(standing, '*', sources()), request: undefined }
})()
const buried: Standing = { ...known, tombstone: { cause: 'revoked', atMs: 1 } }

describe('who is admitted', () => {
  const { client } = someone
  const rows: [what: string, before: Standing, change: Parameters<typeof newClaim>[0], asked: string, silently: string][] = [
    ['a new device', nobody, {}, 'not-paired', 'silently'],
    ['a new node', nobody, { role: 'node', scopes: [] }, 'not-paired', 'silently'],
    ['a new device that was once removed', { ...nobody, tombstone: { cause: 'removed', atMs: 1 } }, {}, 'not-paired', 'not-paired'],
    ['the same again', known, {}, 'admitted', 'admitted'],
    ['fewer scopes', known, { scopes: ['operator.read'] }, 'admitted', 'admitted'],
    ['no scopes', known, { scopes: [] }, 'admitted', 'admitted'],
    ['scopes that nobody knows', known, { scopes: ['operator.root', 'x', ''] }, 'admitted', 'admitted'],
    ['more scopes', known, { scopes: ['operator.write'] }, 'scope-upgrade', 'silently'],
    ['more scopes after something was taken', buried, { scopes: ['operator.write'] }, 'scope-upgrade', 'scope-upgrade'],
    ['the same after something was taken', buried, {}, 'admitted', 'admitted'],
    ['another name', known, { client: { ...client, displayName: 'New' } }, 'admitted', 'admitted'],
    ['another program', known, { client: { ...client, id: 'gateway-client', mode: 'ui' } }, 'admitted', 'admitted'],
    ['another spelling of the platform', known, { client: { ...client, platform: ' LINUX ' } }, 'admitted', 'admitted'],
    ['another platform', known, { client: { ...client, platform: 'darwin' } }, 'metadata-upgrade', 'metadata-upgrade'],
    ['another family', known, { client: { ...client, deviceFamily: 'Mac' } }, 'metadata-upgrade', 'metadata-upgrade'],
    ['another role', known, { role: 'node', scopes: [] }, 'role-upgrade', 'role-upgrade'],
    [
      'another platform and more scopes',
      known,
      { scopes: ['operator.write'], client: { ...client, platform: 'x' } },
      'metadata-upgrade',
      'metadata-upgrade',
    ],
    ['another key under this id', known, { publicKey: newClaim().publicKey }, 'not-paired', 'not-paired'],
  ] // prettier-ignore
  for (const [what, before, change, asked, silently] of rows)
    test(what, () => {
      const claim = claimOf({ ...someone, ...change })
      assert.equal(outcome(ask(before, claim, false, sources())), asked)
      assert.equal(outcome(ask(before, claim, true, sources())), silently)
    })

  test('T-SCOPE-01 unknown scope names are not recorded, and what is recorded is sorted and complete', () => {
    assert.deepEqual(recorded([' operator.write', 'operator.write', 'operator.root', 'admin', '*', '', 'operator.talk.secrets']), [
      'operator.read',
      'operator.talk.secrets',
      'operator.write',
    ])
    assert.deepEqual(recorded(['operator.admin']), ['operator.admin', 'operator.read', 'operator.write'])
  })

  test('T-SCOPE-01 a node holds no scopes, whatever it asks for', () => {
    const claim = claimOf({ ...someone, role: 'node', scopes: ['operator.admin'] })
    const asked = ask(nobody, claim, true, sources())
    assert.deepEqual('grant' in asked && asked.grant.scopes, [])
  })

  test('T-SCOPE-03 a silent approval gives what is asked for now, not what an open request adds to it', () => {
    const open = ask(known, claimOf({ ...someone, scopes: ['operator.admin'] }), false, sources())
    const asked = ask(open.standing, claimOf({ ...someone, scopes: ['operator.write'] }), true, sources())
    assert.deepEqual(heldBy(asked.standing.device, 'operator')?.scopes, ['operator.pairing', 'operator.read', 'operator.write'])
    assert.equal(asked.standing.request, open.standing.request)
  })

  test('T-SCOPE-03 another key under the same id inherits nothing', () => {
    const claim = claimOf({ ...someone, publicKey: newClaim().publicKey, scopes: ['operator.read'] })
    const { standing } = ask(known, claim, false, sources())
    const { device } = approveRequest(standing, '*', sources())
    assert.equal(device?.publicKey, claim.publicKey)
    assert.deepEqual(heldBy(device, 'operator')?.scopes, ['operator.read'])
  })

  test('T-SCOPE-03 what was revoked does not come back with an approval of something else', () => {
    const revoked = revoke(known, 'operator', '*', sources())
    const { standing } = ask(revoked, claimOf({ ...someone, scopes: ['operator.read'] }), false, sources())
    assert.deepEqual(heldBy(approveRequest(standing, '*', sources()).device, 'operator')?.scopes, ['operator.read'])
  })

  test('T-SCOPE-03 rotation that leaves out admin narrows, even to a longer list', () => {
    const { standing } = ask(nobody, claimOf({ ...someone, scopes: ['operator.admin'] }), true, sources())
    const scopes = ['operator.approvals', 'operator.pairing', 'operator.read', 'operator.talk.secrets', 'operator.write']
    const rotated = rotate(standing, { role: 'operator', scopes }, '*', sources())
    assert.deepEqual(rotated?.grant.scopes, scopes)
    assert.equal(rotated?.standing.tombstone?.cause, 'narrowed')
  })
})

/** Scopes as bits, and what they imply: an account of the rules of its own. */
const names = ['operator.admin', 'operator.approvals', 'operator.pairing', 'operator.read', 'operator.talk.secrets', 'operator.write']
const everything = 0b111111
const [admin, , pairing, read, , write] = names.map((_, bit) => 1 << bit) as [number, number, number, number, number, number]
const namesOf = (bits: number) => names.filter((_, bit) => bits & (1 << bit))
const bitsOf = (scopes: readonly string[]) => scopes.reduce((bits, scope) => bits | (1 << names.indexOf(scope)), 0)
const reach = (bits: number) => (bits & admin ? everything : bits & write ? bits | read : bits)

test('T-SCOPE-03 in 100,000 sequences of requests, approvals, rotations and revocations no device exceeds what it was given', () => {
  const { stackTraceLimit } = Error
  // A third of the calls is refused by an exception; their stacks would take most of the time.
  Error.stackTraceLimit = 0
  try {
    const claims = Array.from({ length: 3 }, () => newClaim())
    const counts: Record<string, number> = {}
    for (let sequence = 0; sequence < 100_000; sequence++) new Sequence(sequence, claims, counts).run()
    for (const what of ['approved', 'refused', 'silent', 'narrowed', 'rotated', 'denied', 'revoked', 'removed', 'rejected'])
      assert.ok((counts[what] ?? 0) > 500, `${what} happened ${counts[what]} times: the test does not reach it`)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
})

/** One history of three devices, an admin who holds some scopes, and devices that use what they were given. */
class Sequence {
  readonly #random
  readonly #standings: Standing[]
  /** What each device was given at most, by somebody who had it. */
  readonly #given = [0, 0, 0]
  readonly #buried = new Set<number>()
  readonly #root: number
  #silent = 0

  constructor(
    readonly seed: number,
    readonly claims: readonly ReturnType<typeof newClaim>[],
    readonly counts: Record<string, number>,
  ) {
    this.#random = seeded(seed)
    this.#standings = claims.map(({ deviceId }) => ({ deviceId }))
    this.#root = this.#pick(everything + 1) | pairing
  }

  #pick(below: number): number {
    return Math.floor(this.#random() * below)
  }
  #count(what: string) {
    this.counts[what] = (this.counts[what] ?? 0) + 1
  }
  #held(at: number): number {
    return bitsOf(heldBy(this.#standings[at]?.device, 'operator')?.scopes ?? [])
  }

  run() {
    for (let step = 0; step < 8; step++) {
      const at = this.#pick(3)
      const actor = this.#pick(5)
      const caller = actor >= 3 ? this.#root : this.#held(actor)
      const kind = this.#pick(12)
      if (kind < 4) this.#ask(at)
      else if (reach(caller) & pairing) this.#act(kind, at, caller)
      this.#check(step)
    }
  }

  #ask(at: number) {
    const bits = this.#pick(everything + 1) & this.#pick(everything + 1)
    const silent = this.#pick(8) === 0
    const role: Role = this.#pick(6) === 0 ? 'node' : 'operator'
    const claim = claimOf({ ...(this.claims[at] as (typeof this.claims)[number]), role, scopes: [...namesOf(bits), 'operator.everything'] })
    const asked = ask(this.#standings[at] as Standing, claim, silent, sources(this.#pick(1_000)))
    if ('grant' in asked && asked.silently) {
      assert.equal(this.#buried.has(at), false, `seed ${this.seed}: approved in silence after something was taken`)
      assert.ok(silent)
      this.#count('silent')
      if (role === 'operator') {
        this.#given[at] = (this.#given[at] ?? 0) | bits
        this.#silent |= bits
      }
    } else if ('grant' in asked && role === 'operator')
      assert.equal(bits & ~reach(this.#held(at)), 0, `seed ${this.seed}: admitted with more`)
    this.#standings[at] = asked.standing
  }

  #act(kind: number, at: number, caller: number) {
    const before = this.#standings[at] as Standing
    const scopes = namesOf(caller)
    const held = this.#held(at)
    try {
      if (kind < 7) {
        this.#standings[at] = approveRequest(before, scopes, sources())
        const asked = bitsOf(before.request?.scopes ?? [])
        assert.equal(asked & ~reach(caller), 0, `seed ${this.seed}: gave what the caller does not hold`)
        if (before.request?.roles.includes('operator')) this.#given[at] = (this.#given[at] ?? 0) | asked
        this.#count('approved')
      } else if (kind < 9) {
        const wanted = this.#pick(3) ? this.#pick(everything + 1) & (this.#pick(4) ? reach(held) : everything) : undefined
        const rotated = rotate(before, { role: 'operator', scopes: wanted === undefined ? undefined : namesOf(wanted) }, scopes, sources())
        if (!rotated) return this.#count('denied')
        assert.equal(held & ~reach(caller), 0, `seed ${this.seed}: rotated a token above the caller`)
        assert.equal(bitsOf(rotated.grant.scopes) & ~reach(held), 0, `seed ${this.seed}: rotated to more`)
        this.#standings[at] = rotated.standing
        this.#given[at] = wanted ?? this.#given[at] ?? 0
        if (reach(held) & ~reach(bitsOf(rotated.grant.scopes))) this.#bury(at, 'narrowed')
        this.#count('rotated')
      } else if (kind === 9) {
        this.#standings[at] = revoke(before, 'operator', scopes, sources())
        assert.equal(held & ~reach(caller), 0, `seed ${this.seed}: revoked above the caller`)
        this.#given[at] = 0
        this.#bury(at, 'revoked')
      } else if (kind === 10) {
        this.#standings[at] = remove(before, scopes, sources())
        assert.equal(held & ~reach(caller), 0, `seed ${this.seed}: removed above the caller`)
        this.#given[at] = 0
        this.#bury(at, 'removed')
      } else if (before.request) {
        this.#standings[at] = rejectRequest(before, sources())
        this.#bury(at, 'rejected')
      }
    } catch (error) {
      if ((error as { code?: string }).code !== 'INVALID_REQUEST') throw error
      this.#count('refused')
    }
  }

  #bury(at: number, what: string) {
    this.#buried.add(at)
    this.#count(what)
  }

  #check(step: number) {
    for (let at = 0; at < 3; at++) {
      const held = this.#held(at)
      if (held & ~reach(this.#given[at] ?? 0)) this.#fail(step, `device ${at} holds more than it was given`)
      if (held & ~reach(this.#root | this.#silent)) this.#fail(step, `device ${at} holds more than anybody had to give`)
      if (heldBy(this.#standings[at]?.device, 'node')?.scopes.length) this.#fail(step, `device ${at} is a node with scopes`)
    }
  }
  #fail(step: number, what: string): never {
    assert.fail(`seed ${this.seed}, step ${step}: ${what}`)
  }
}
