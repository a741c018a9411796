import { join } from 'node:path'
import type { Plugin } from 'esbuild'

/**
 * An esbuild plugin that keeps `plugins/contracts` in one file. Each of its modules is used by another set of plugins, and would
 * become a chunk of its own: a start would load dozens of files of a few hundred bytes, at half a millisecond each.
 */
export function contractsInOneChunk(root: string): Plugin {
  const folder = join(root, 'plugins/contracts')
  const index = join(folder, 'index.ts')
  return {
    name: 'contracts',
    setup({ onResolve }) {
      onResolve({ filter: /\/contracts\/[a-z-]+\.js$/ }, ({ importer }) => (importer.startsWith(folder) ? undefined : { path: index }))
    },
  }
}
