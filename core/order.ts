import { Access } from './access.js'
import { GatewayError } from './errors.js'
import type { Plugin } from './plugin.js'

/** Services that the kernel itself provides. */
const builtIn = new Set([Access.id])

/**
 * Sort plugins so that each comes after those it requires, otherwise as given. A plugin that cannot be placed (a service
 * nobody provides, a second provider, a cycle, a name twice) is a problem, and so is what needs it.
 */
export function order<T extends { readonly plugin: Plugin }>(
  uses: readonly T[],
): { ordered: T[]; problems: { entry: T; error: GatewayError }[] } {
  const problems: { entry: T; error: GatewayError }[] = []
  const refuse = (entry: T, message: string) => {
    const { name } = entry.plugin
    problems.push({ entry, error: new GatewayError('plugin_order', `Plugin "${name}" ${message}`, { plugin: name }) })
    return false
  }
  const providers = new Map<string, T>()
  const names = new Set<string>()
  let left = uses.filter((use) => {
    if (names.has(use.plugin.name)) return refuse(use, 'is listed twice. Remove one of the two.')
    names.add(use.plugin.name)
    for (const { id } of use.plugin.provides ?? []) {
      const other = providers.get(id)
      if (other) return refuse(use, `provides "${id}", which plugin "${other.plugin.name}" already provides. Disable one of the two.`)
      providers.set(id, use)
    }
    return true
  })
  const ordered: T[] = []
  const done = new Set<T>()
  const ready = (id: string) => builtIn.has(id) || done.has(providers.get(id) as T)
  /** The first service that it still waits for; optional ones count only if somebody provides them. */
  const waitsFor = ({ plugin }: T, alsoOptional: boolean) =>
    (plugin.requires ?? [])
      .filter((r) => !('optional' in r) || (alsoOptional && providers.has(r.optional.id)))
      .map((r): string => ('optional' in r ? r.optional.id : r.id))
      .find((id) => !ready(id))
  while (left.length > 0) {
    const next = left.find((use) => !waitsFor(use, true)) ?? left.find((use) => !waitsFor(use, false))
    if (!next) break
    ordered.push(next)
    done.add(next)
    left = left.filter((use) => use !== next)
  }
  for (const use of left) {
    const missing = waitsFor(use, false) ?? ''
    const owner = providers.get(missing)?.plugin.name
    refuse(use, `needs "${missing}", ${owner ? `whose plugin "${owner}" cannot run.` : 'which no enabled plugin provides.'}`)
  }
  return { ordered, problems }
}
