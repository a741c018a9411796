export interface Refusals {
  /** True when this refusal gets its own line, false when it was only counted. */
  admit(status: number, address: string): boolean
  /** Report what was counted so far. */
  settle(): void
}

const windowMs = 10_000
const ownLines = 5
const mostAddresses = 1_000

/**
 * Folds refused requests: of each window the first few are told one by one and the rest as one count a status, so that
 * a flood costs a counter and not a line each.
 */
export function foldRefusals(report: (status: number, count: number, addresses: number) => void): Refusals {
  const folded = new Map<number, { count: number; addresses: Set<string> }>()
  let told = 0
  let timer: NodeJS.Timeout | undefined
  const settle = () => {
    clearTimeout(timer)
    timer = undefined
    told = 0
    for (const [status, { count, addresses }] of folded) report(status, count, addresses.size)
    folded.clear()
  }
  return {
    settle,
    admit(status, address) {
      timer ??= setTimeout(settle, windowMs).unref()
      if (told < ownLines) {
        told++
        return true
      }
      let entry = folded.get(status)
      if (!entry) folded.set(status, (entry = { count: 0, addresses: new Set() }))
      entry.count++
      if (entry.addresses.size < mostAddresses) entry.addresses.add(address)
      return false
    },
  }
}
