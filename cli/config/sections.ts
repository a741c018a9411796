import type { Section } from 'openclaw/plugin'
import { sectionPath } from './document-schema.js'

/** Plain objects are copied on the way, everything else is shared: the caller's document stays as it is. */
type Document = Record<string, any>

/**
 * Cut every owner's section out of a document, deeper ones first, and answer them with what is left. Objects that become
 * empty by the cut go too. An owner whose section is not written gets undefined.
 */
export function cutSections<T extends { readonly section: Section }>(
  document: Readonly<Document>,
  owners: readonly T[],
): { rest: Document; values: Map<T, unknown> } {
  let rest: Document = document
  const values = new Map<T, unknown>()
  const depth = ({ section }: T) => sectionPath(section).split('.').length
  for (const owner of [...owners].sort((a, b) => depth(b) - depth(a))) {
    const { section } = owner
    const cut = cutAt(rest, sectionPath(section).split('.'), (value) =>
      typeof section === 'string' ? { taken: value, left: undefined } : takeEntries(value, section.by, section.values),
    )
    rest = (cut.left as Document | undefined) ?? {}
    values.set(owner, cut.taken)
  }
  return { rest, values }
}

interface Cut {
  taken: unknown
  left: unknown
}

function cutAt(value: unknown, path: readonly string[], take: (value: unknown) => Cut): Cut {
  const [key, ...below] = path
  if (key === undefined) return value === undefined ? { taken: undefined, left: undefined } : take(value)
  if (!isRecord(value) || !Object.hasOwn(value, key)) return { taken: undefined, left: value }
  const { taken, left } = cutAt(value[key], below, take)
  const { [key]: _, ...others } = value
  const kept = left === undefined ? others : { ...value, [key]: left }
  return { taken, left: Object.keys(kept).length === 0 ? undefined : kept }
}

/** The entries of a record whose property `by` is one of `values`. Entries that are no objects stay for others to refuse. */
function takeEntries(value: unknown, by: string, values: readonly (string | undefined)[]): Cut {
  if (!isRecord(value)) return { taken: undefined, left: value }
  const entries = Object.entries(value)
  const fits = ([, entry]: [string, unknown]) => isRecord(entry) && values.includes(entry[by] as string | undefined)
  const left = entries.filter((entry) => !fits(entry))
  const taken = entries.filter(fits)
  return {
    taken: taken.length === 0 ? undefined : Object.fromEntries(taken),
    left: left.length === 0 ? undefined : Object.fromEntries(left),
  }
}

/** The value at a dotted path. */
export function valueAt(document: unknown, path: string): unknown {
  let value = document
  for (const key of path.split('.')) value = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return value
}

/** A copy of the document with another value at a path; undefined removes it. */
export function withValue(document: Readonly<Document>, path: readonly string[], value: unknown): Document {
  const [key = '', ...below] = path
  const { [key]: now, ...others } = document
  const next = below.length === 0 ? value : withValue(isRecord(now) ? now : {}, below, value)
  return next === undefined ? others : { ...document, [key]: next }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
