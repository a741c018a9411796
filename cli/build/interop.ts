import { isBuiltin } from 'node:module'
import type { Plugin } from 'esbuild'

const identifier = /^[A-Za-z_$][\w$]*$/

/**
 * An esbuild plugin for `await import('package')`: a CommonJS package in a chunk of its own would offer `default` alone,
 * so the chunk names every export that the package has when Node imports it.
 */
export function nameExports(external: readonly string[]): Plugin {
  return {
    name: 'interop',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^[^./]/ }, ({ path, kind, resolveDir }) => {
        const own = path === 'openclaw' || path.startsWith('openclaw/')
        if (kind !== 'dynamic-import' || own || isBuiltin(path) || external.includes(path)) return undefined
        return { path, namespace: 'named', pluginData: resolveDir }
      })
      onLoad({ filter: /./, namespace: 'named' }, async ({ path, pluginData }) => {
        const names = Object.keys(await import(path)).filter((name) => identifier.test(name))
        return { contents: `export { ${names.join(', ')} } from ${JSON.stringify(path)}`, resolveDir: pluginData }
      })
    },
  }
}
