import { GatewayError } from 'openclaw/plugin'

const refuse = (message: string) => new GatewayError('usage', message)
const forbidden = ['__proto__', 'constructor', 'prototype']

/** Parts of `agents.list[0].id`. Throws `usage` with what is wrong with it. */
export function parsePath(text: string): string[] {
  if (text.trim() === '') throw refuse('Path is empty.')
  const parts: string[] = []
  for (const piece of text.trim().split('.')) {
    const [, name = '', brackets = ''] = /^([^[]*)(.*)$/s.exec(piece) ?? []
    if (name !== '') parts.push(name)
    if (brackets === '') {
      if (name === '') throw refuse(`Invalid path segment: ${piece}`)
      continue
    }
    if (!/^(\[[^\]]*\])+$/.test(brackets)) throw refuse(`Invalid path (missing "]"): ${text}`)
    for (const [, index = ''] of brackets.matchAll(/\[([^\]]*)\]/g)) {
      if (index.trim() === '') throw refuse(`Invalid path (empty "[]"): ${text}`)
      parts.push(index.trim().replace(/^(["'])(.*)\1$/s, '$2'))
    }
  }
  for (const part of parts) if (forbidden.includes(part)) throw refuse(`Invalid path segment: ${part}`)
  return parts
}

/**
 * The value at a path, and the path as its owner spells it. Keys that hold dots may be written as they are: the longest
 * key that fits is taken. Undefined when there is none.
 */
export function readPath(document: unknown, parts: readonly string[]): { value: unknown; keys: string[] } | undefined {
  if (parts.length === 0) return { value: document, keys: [] }
  if (typeof document !== 'object' || document === null) return undefined
  if (Array.isArray(document) && !/^\d+$/.test(parts[0] as string)) throw refuse(`Expected numeric index for array segment "${parts[0]}"`)
  for (let length = parts.length; length > 0; length--) {
    const key = parts.slice(0, length).join('.')
    if (!Object.hasOwn(document, key)) continue
    const found = readPath((document as Record<string, unknown>)[key], parts.slice(length))
    if (found) return { value: found.value, keys: [key, ...found.keys] }
  }
  return undefined
}

/** For people: below the home directory as `~/…`. */
export const shortPath = (path: string, home: string): string =>
  path === home || path.startsWith(`${home}/`) || path.startsWith(`${home}\\`) ? `~${path.slice(home.length)}` : path
