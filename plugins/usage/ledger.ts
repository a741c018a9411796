import { GatewayError, type Log, messageOf } from 'openclaw/plugin'
import type { Charge, Ledger, Reservation, SpendLimit, SpendLimits } from '../contracts/ledger.js'
import type { Usage } from '../contracts/models.js'
import type { Book, Reserved } from './book.js'
import { type Cost, costOf, nanosPerDollar, unknownCost, worstCase } from './price.js'
import { type Account, dayOf } from './rows.js'

/** What the ledger works with. */
export interface Sources {
  readonly book: Book
  readonly log: Log
  limits(): SpendLimits | undefined
  assumedMaxTokens(): number
}

/** The gateway's own calls have an account too. */
const gateway = { kind: 'gateway', id: 'gateway' } as const

export function createLedger(sources: Sources): Ledger {
  return {
    reserve(charge) {
      const { principal } = charge
      const limit = principal && sources.limits()?.limitOf(principal)
      return limit ? setAside(sources, charge, limit) : new Counted(sources.book, charge)
    },
  }
}

function accountOf({ principal, agent, model }: Charge, now: number): Account {
  const { kind, id } = principal ?? gateway
  return { kind, id, day: dayOf(now), agent, provider: model.provider, model: model.key }
}

/** Nothing stands in the way of this call: it is counted when it is over. */
class Counted implements Reservation {
  #open = true

  constructor(
    readonly book: Book,
    readonly charge: Charge,
  ) {}

  settle(usage: Usage | undefined, made: boolean) {
    if (!this.#open) return
    this.#open = false
    if (usage) this.book.count(accountOf(this.charge, Date.now()), costOf(usage, this.charge.model.cost))
    else if (made) this.book.count(accountOf(this.charge, Date.now()), unknownCost())
  }
}

async function setAside({ book, log, assumedMaxTokens }: Sources, charge: Charge, limit: SpendLimit): Promise<Reservation> {
  const { model, principal, requestId } = charge
  const { cost: prices } = model
  const whose = `${principal?.kind} ${principal?.id}`
  if (!prices) {
    const remedy = `Set its price at models.providers.${model.provider}.models[].cost.`
    throw new GatewayError(
      'model_cost_unknown',
      `The cost of model '${model.key}' is not known, and this ${whose} has a spend limit. ${remedy}`,
    )
  }
  const most = worstCase(charge, prices, assumedMaxTokens())
  const account = accountOf(charge, Date.now())
  let reserved: Reserved
  try {
    reserved = await book.reserve({ ...account, ...most }, Math.round(limit.dollars * nanosPerDollar), dayOf(limit.since))
  } catch (error) {
    log.error(`a call of ${whose} was refused, because its cost cannot be set aside: ${messageOf(error)}`, { requestId })
    throw new GatewayError('plugin_unavailable', 'Spending cannot be recorded right now.', { retryAfterS: 5, cause: error })
  }
  if (!('reservation' in reserved)) throw exceeded(reserved, most.inputNanos + most.outputNanos, limit)
  const { reservation } = reserved
  let open = true
  return {
    settle(usage, made) {
      if (!open) return
      open = false
      let cost: Cost | undefined
      if (usage) cost = costOf(usage, prices)
      else if (made) cost = unknownCost(most.inputNanos, most.outputNanos)
      book.settle({ reservation, account, cost })
    },
  }
}

const dollars = (nanos: number) => `$${(nanos / nanosPerDollar).toFixed(nanos < nanosPerDollar / 100 ? 6 : 2)}`

function exceeded(
  { settledNanos, heldNanos }: Exclude<Reserved, { reservation: number }>,
  needNanos: number,
  { dollars: limit, until }: SpendLimit,
) {
  const used = `${dollars(settledNanos)} of $${limit} spent and ${dollars(heldNanos)} set aside for requests under way`
  const renewed = until === undefined ? '' : ` It is renewed at ${new Date(until).toISOString()}.`
  return new GatewayError(
    'spend_limit_exceeded',
    `Spend limit reached: ${used}; this request may cost up to ${dollars(needNanos)}.${renewed} Ask for a smaller answer with max_tokens, or for a higher limit.`,
  )
}
