import type { Charge } from '../contracts/ledger.js'
import type { Model, Usage } from '../contracts/models.js'

/** Money is counted in billionths of a dollar, so that the tokens of cheap models add up and sums stay whole numbers. */
export const nanosPerDollar = 1e9
/** Prices are for a million tokens. */
const nanosPerPrice = 1_000

/** Tokens and their price, by kind. */
export interface Cost {
  readonly input: number
  readonly output: number
  readonly cacheRead: number
  readonly cacheWrite: number
  readonly inputNanos: number
  readonly outputNanos: number
  readonly cacheReadNanos: number
  readonly cacheWriteNanos: number
  /** 1 where the price, or the number of tokens, is not known. */
  readonly missing: 0 | 1
}

type Prices = NonNullable<Model['cost']>

/** Servers have sent anything here. */
const count = (tokens: number | undefined): number => (tokens !== undefined && tokens > 0 && tokens < 1e12 ? Math.round(tokens) : 0)

/** What a call cost. Cached tokens are among those of the prompt; without a price of their own they cost as much as any. */
export function costOf({ promptTokens, completionTokens, cachedTokens }: Usage, prices: Prices | undefined): Cost {
  const cacheRead = Math.min(count(cachedTokens), count(promptTokens))
  const input = count(promptTokens) - cacheRead
  const output = count(completionTokens)
  const nanos = (tokens: number, price = 0) => Math.round(tokens * price * nanosPerPrice)
  return {
    input,
    output,
    cacheRead,
    cacheWrite: 0,
    inputNanos: nanos(input, prices?.input),
    outputNanos: nanos(output, prices?.output),
    cacheReadNanos: nanos(cacheRead, prices?.cacheRead ?? prices?.input),
    cacheWriteNanos: 0,
    missing: prices ? 0 : 1,
  }
}

/** A call of which nobody knows how much it used. */
export const unknownCost = (inputNanos = 0, outputNanos = 0): Cost => ({
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
  inputNanos,
  outputNanos,
  cacheReadNanos: 0,
  cacheWriteNanos: 0,
  missing: 1,
})

/**
 * What a call may cost at most, rounded up. A token is taken for two characters, where plain text has four and most code three: one for
 * each would keep keys from half of what they may spend. Text that is denser still can cost more than that; it is counted in full
 * afterwards, so that the calls after it are refused. More than the model's window is never sent.
 */
export function worstCase(
  { model, inputChars, maxTokens }: Pick<Charge, 'model' | 'inputChars' | 'maxTokens'>,
  prices: Prices,
  assumedMaxTokens: number,
): { inputNanos: number; outputNanos: number } {
  const window = model.contextWindow ?? Number.POSITIVE_INFINITY
  const input = Math.min(Math.ceil(inputChars / 2), window)
  const longest = Math.min(maxTokens ?? model.maxTokens ?? assumedMaxTokens, model.maxTokens ?? Number.POSITIVE_INFINITY, window)
  const output = model.kind === 'embedding' ? 0 : longest
  const inputPrice = Math.max(prices.input, prices.cacheRead ?? 0)
  return { inputNanos: Math.ceil(input * inputPrice * nanosPerPrice), outputNanos: Math.ceil(output * prices.output * nanosPerPrice) }
}
