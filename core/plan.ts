import { isDeepStrictEqual } from 'node:util'
import type { Reason } from './hooks.js'
import type { Plugin } from './plugin.js'

/** A plugin with its checked configuration. */
export interface Entry {
  readonly plugin: Plugin
  readonly config: unknown
  readonly section: string
  readonly origin: 'bundled' | 'external'
}

/** A plugin that does not run, and why. */
export interface Off {
  name: string
  reason: string
  section: string
  origin: 'bundled' | 'external'
  /** Somebody turned it off; nothing is wrong. */
  intended?: boolean
}

export interface Step {
  name: string
  /** `update` hands new values to a running plugin whose schema marks them `x-reload: live`. */
  action: 'keep' | 'add' | 'replace' | 'remove' | 'update'
  /** Dotted paths that differ. */
  paths: string[]
}

/** What a boot or reload did. */
export interface Report {
  reason: Reason
  generation: number
  steps: Step[]
  durationMs: number
  /** Plugins that do not run, and why. Empty on a reload that succeeded. */
  off: { name: string; reason: string }[]
  /** Edits marked `x-reload: process`: they wait for a restart. */
  pending: string[]
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Shallowest dotted paths at which two values differ; arrays and scalars compare as a whole. */
export function changedPaths(before: unknown, after: unknown, base: string): string[] {
  if (isDeepStrictEqual(before, after)) return []
  if (!isObject(before) || !isObject(after)) return [base]
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].flatMap((key) => changedPaths(before[key], after[key], base ? `${base}.${key}` : key))
}

/** How a change at `path` inside a section is applied, by the nearest `x-reload` on the way down the schema. */
export function reloadClass(schema: unknown, path: readonly string[]): 'live' | 'plugin' | 'process' {
  let node = schema as Record<string, any> | undefined
  let found: 'live' | 'plugin' | 'process' = node?.['x-reload'] ?? 'plugin'
  for (const key of path) {
    node = node?.properties?.[key] ?? (isObject(node?.additionalProperties) ? node.additionalProperties : undefined)
    found = node?.['x-reload'] ?? found
  }
  return found
}

/** Class of a changed path of this entry. */
const classOf = ({ plugin, section }: Entry, path: string) => reloadClass(plugin.schema, path.slice(section.length + 1).split('.'))

/** Compare what runs with what is wanted. Pure: prints as `openclaw config diff`. */
export function plan(running: readonly Entry[], wanted: readonly Entry[]): Step[] {
  const before = new Map(running.map((entry) => [entry.plugin.name, entry]))
  const steps = wanted.map((next): Step => {
    const name = next.plugin.name
    const now = before.get(name)
    before.delete(name)
    if (!now || now.plugin !== next.plugin) return { name, action: now ? 'replace' : 'add', paths: [next.section] }
    const paths = changedPaths(now.config, next.config, next.section)
    const classes = new Set(paths.map((path) => classOf(next, path)))
    classes.delete('process')
    return { name, action: classes.size === 0 ? 'keep' : classes.has('plugin') ? 'replace' : 'update', paths }
  })
  return [...steps, ...[...before.keys()].map((name): Step => ({ name, action: 'remove', paths: [] }))]
}

/** Paths of the steps that only a restart applies. */
export const pendingPaths = (steps: readonly Step[], wanted: readonly Entry[]): string[] =>
  steps.flatMap(({ name, action, paths }) => {
    const entry = action === 'add' ? undefined : wanted.find(({ plugin }) => plugin.name === name)
    return entry ? paths.filter((path) => classOf(entry, path) === 'process') : []
  })
