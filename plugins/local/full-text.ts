import { stems } from './words.js'

export interface Text {
  readonly title: string
  readonly body: string
}

/** How well a text fits a question. */
export interface Hit {
  readonly index: number
  readonly score: number
  /** Share of what the question says that the text has: 0 to 1, rare words counting for more. */
  readonly coverage: number
}

export interface FullText {
  /** Every text that has a word of the question, best first. */
  rank(question: string): Hit[]
}

/** A word of the title counts as often as this many in the body. */
const titleWeight = 3
const saturation = 1.2
const lengthWeight = 0.6

/** Okapi BM25 over stems. */
export function createFullText(texts: readonly Text[]): FullText {
  const postings = new Map<string, Map<number, number>>()
  const lengths = texts.map(({ title, body }, index) => {
    const words = stems(body)
    const titles = stems(title)
    for (const [word, weight] of [...words.map((word) => [word, 1] as const), ...titles.map((word) => [word, titleWeight] as const)]) {
      const at = postings.get(word) ?? new Map<number, number>()
      if (at.size === 0) postings.set(word, at)
      at.set(index, (at.get(index) ?? 0) + weight)
    }
    return words.length + titles.length * titleWeight
  })
  const mean = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, texts.length)
  const rarity = (found: number) => Math.log(1 + (texts.length - found + 0.5) / (found + 0.5))

  return {
    rank(question) {
      const scores = new Map<number, { score: number; covered: number }>()
      let whole = 0
      for (const word of new Set(stems(question))) {
        const at = postings.get(word)
        const weight = rarity(at?.size ?? 0)
        whole += weight
        for (const [index, count] of at ?? []) {
          const size = 1 - lengthWeight + (lengthWeight * (lengths[index] as number)) / mean
          const entry = scores.get(index) ?? { score: 0, covered: 0 }
          entry.score += (weight * count * (saturation + 1)) / (count + saturation * size)
          entry.covered += weight
          scores.set(index, entry)
        }
      }
      return [...scores]
        .map(([index, { score, covered }]) => ({ index, score, coverage: covered / whole }))
        .sort((a, b) => b.score - a.score || a.index - b.index)
    },
  }
}
