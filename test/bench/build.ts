import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** The built gateway. */
export const product = join(root, 'dist/cli.js')

/** CommonJS packages inside a bundle ask for Node's own modules with `require`. */
const requireHeader = "import{createRequire as $createRequire}from'node:module';const require=$createRequire(import.meta.url);"

/** Bundle the benchmark's own processes as the product is, so that a start is compared with a start. Answers the file of each. */
export async function bundle(folder: string) {
  const names = ['floor', 'upstream', 'load', 'crowd'] as const
  await build({
    absWorkingDir: root,
    entryPoints: names.map((name) => `test/bench/${name}.ts`),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['openclaw-source'],
    banner: { js: requireHeader },
    legalComments: 'none',
    logLevel: 'silent',
  })
  return Object.fromEntries(names.map((name) => [name, join(folder, `${name}.mjs`)])) as Record<(typeof names)[number], string>
}

/** Throws where there is no build; answers a source that is newer than it. */
export function staleSource(): string | undefined {
  if (!existsSync(product)) throw new Error('There is no build to measure. Run `npm run build` first.')
  const builtAt = statSync(product).mtimeMs
  const sources = ['core', 'plugins', 'cli'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  )
  return sources.find((file) => file.endsWith('.ts') && statSync(join(root, file)).mtimeMs > builtAt)
}
