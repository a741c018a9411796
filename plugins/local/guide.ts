import type { Embed } from './embedder.js'
import { createFullText } from './full-text.js'
import type { Section } from './manual.js'
import { stems } from './words.js'

/** A section that fits a question. */
export interface Match {
  readonly section: Section
  readonly score: number
}

/** Answers questions from the manual, in its own words. */
export interface Guide {
  /** Best first; empty when nothing fits. */
  find(question: string): Promise<Match[]>
  /** Markdown. `earlier` is what the user said before, for a question of a word or two. */
  answer(question: string, earlier: string | undefined): Promise<string>
}

export interface GuideOptions {
  readonly sections: readonly Section[]
  /** The meaning of each section, where the embedding model is installed. */
  readonly meaning?: { readonly vectors: readonly Float32Array[]; readonly embed: Embed }
}

/** Reciprocal rank fusion: how little a rank counts, and the say of meaning against words. */
const rankOffset = 8
const meaningWeight = 0.15
const candidates = 30
/** Relevant is what has this share of the question's words; less will do where they are rare ones, or the meaning is near too. */
const enough = { coverage: 0.5, score: 5.5, scoredCoverage: 0.3, nearCoverage: 0.18, nearness: 0.42 }
/** Pages for users come before those for builders. */
const priority: readonly (readonly [RegExp, number])[] = [
  [/^plugins\//, 0.85],
  [/^docs\/(embedding|writing-a-plugin|hooks)/, 0.9],
]
const shortQuestion = 2
const longestAnswer = 1_200

export function createGuide({ sections, meaning }: GuideOptions): Guide {
  const fullText = createFullText(sections)
  const weights = sections.map(({ page }) => priority.find(([pattern]) => pattern.test(page))?.[1] ?? 1)

  async function find(question: string): Promise<Match[]> {
    const ranked = fullText.rank(question)
    const near = await nearest(question)
    const covered = Math.max(0, ...ranked.slice(0, 3).map(({ coverage }) => coverage))
    const isRare = covered >= enough.scoredCoverage && (ranked[0]?.score ?? 0) >= enough.score
    const isNear = covered >= enough.nearCoverage && (near[0]?.score ?? 0) >= enough.nearness
    if (covered < enough.coverage && !isRare && !isNear) return []
    const hits = ranked
      .map(({ index, score, coverage }) => ({ index, score: score * (weights[index] as number) * Math.sqrt(coverage) }))
      .sort((a, b) => b.score - a.score)
    const fused = new Map<number, number>()
    const count = (ranked: readonly { index: number }[], weight: number) => {
      for (const [rank, { index }] of ranked.slice(0, candidates).entries())
        fused.set(index, (fused.get(index) ?? 0) + weight / (rankOffset + rank))
    }
    count(hits, 1)
    count(near, meaningWeight)
    return [...fused].map(([index, score]) => ({ section: sections[index] as Section, score })).sort((a, b) => b.score - a.score)
  }
  async function nearest(question: string) {
    if (!meaning) return []
    const [vector] = await meaning.embed([question])
    return meaning.vectors.map((other, index) => ({ index, score: dot(vector as Float32Array, other) })).sort((a, b) => b.score - a.score)
  }

  return {
    find,
    async answer(question, earlier) {
      const words = stems(question).length
      if (words === 0) return nothing
      const found = await find(words <= shortQuestion && earlier !== undefined ? `${question} ${earlier}` : question)
      const [best, ...others] = found
      if (!best) return nothing
      const pages = [...new Set([best, ...others.slice(0, 2)].map(({ section }) => section.page))]
      return `**${best.section.title}**\n\n${trim(best.section.body)}\n\nPages: ${pages.join(', ')}`
    },
  }
}

const nothing = `That is not in the manual.

This is the guide that is built into the gateway: it answers from the gateway's manual, in English, and from nothing else. Ask for example:

- Where do I find my token?
- How do I connect Open WebUI?
- How do I use Ollama?
- Which environment variables bring a provider?

To chat with a model, name a provider under \`models.providers\` or set a key such as OPENAI_API_KEY.

Pages: docs/start.md`

/** At most so long, cut at the end of a line, with an open fence closed. */
function trim(body: string): string {
  if (body.length <= longestAnswer) return body
  const cut = body.slice(0, body.lastIndexOf('\n', longestAnswer) > 0 ? body.lastIndexOf('\n', longestAnswer) : longestAnswer)
  const open = (cut.match(/^```/gm) ?? []).length % 2 === 1
  return `${cut}\n…${open ? '\n```' : ''}`
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (const [i, part] of a.entries()) sum += part * (b[i] as number)
  return sum
}
