import { groups } from './groups.js'

/** A name as it is compared. */
export const normal = (name: string): string => name.trim().toLowerCase()

/** Whether a name in lower case is one of the patterns: names, `*` for any rest, and groups. `unknown` hears of groups that do not exist. */
export function matcher(patterns: readonly string[], unknown: (group: string) => void = () => undefined): (name: string) => boolean {
  const exact = new Set<string>()
  const wild: RegExp[] = []
  for (const pattern of patterns.map(normal)) {
    if (pattern.startsWith('group:')) {
      const members = groups.get(pattern)
      if (!members) unknown(pattern)
      for (const member of members ?? []) exact.add(member)
    } else if (pattern.includes('*')) wild.push(wildcard(pattern))
    else exact.add(pattern)
  }
  return (name) => exact.has(name) || wild.some((pattern) => pattern.test(name))
}

const wildcard = (pattern: string) =>
  new RegExp(
    `^${pattern
      .split(/\*+/)
      .map((part) => part.replace(/[^\w]/g, '\\$&'))
      .join('.*')}$`,
  )
