/** Builds `dist/` from the sources: bundles, schema validators, declarations, notices. `npm ci` runs it. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build, type BuildOptions, type Metafile } from 'esbuild'
import { readGuide } from './guide.js'
import { nameExports } from './interop.js'
import { contractsInOneChunk } from './one-chunk.js'
import { compileSchemas } from './schemas.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const dist = join(root, 'dist')
const require = createRequire(import.meta.url)

interface Manifest {
  version: string
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

async function main() {
  const began = performance.now()
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest
  const plugins = await pluginNames()
  const [files, guide] = await Promise.all([bundle(manifest, plugins), readGuide(root), declare()])
  files.set('guide.json', guide)
  await writeAll(files)
  const kib = Math.round([...files.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0) / 1_024)
  console.log(`dist: ${files.size} files, ${kib} KiB, ${plugins.length} plugins, ${Math.round(performance.now() - began)} ms`)
}

async function pluginNames(): Promise<string[]> {
  const folders = await readdir(join(root, 'plugins'))
  return folders.filter((name) => name !== 'contracts' && existsSync(join(root, 'plugins', name, 'index.ts')))
}

/** Every output file with its text, by its path in `dist`. Dependencies are inside: a start resolves no package. */
async function bundle(manifest: Manifest, plugins: readonly string[]): Promise<Map<string, string>> {
  const optional = Object.keys({ ...manifest.optionalDependencies, ...manifest.peerDependencies })
  // The database driver finds its binary beside its own files.
  const external = ['tsx', 'tsx/esm/api', 'typescript', '@photostructure/sqlite', ...optional]
  const base: BuildOptions = {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['openclaw-source'],
    external,
    logLevel: 'silent',
    legalComments: 'none',
    minifyWhitespace: true,
    minifySyntax: true,
  }
  const schemas = [
    'core/schema.ts',
    'cli/config/own-schema.ts',
    ...plugins.flatMap((name) => ['schema.ts', 'params-schema.ts'].map((file) => `plugins/${name}/${file}`)),
  ].filter((file) => existsSync(join(root, file)))
  const { outputFiles, metafile } = await build({
    ...base,
    entryPoints: {
      cli: 'cli/main.ts',
      index: 'core/index.ts',
      plugin: 'core/plugin.ts',
      contracts: 'plugins/contracts/index.ts',
      config: 'cli/config/index.ts',
      testing: 'test/kit/index.ts',
      'local-worker': 'plugins/local/worker.ts',
      ...Object.fromEntries(plugins.map((name) => [`plugins/${name}`, `plugins/${name}/index.ts`])),
    },
    outdir: dist,
    chunkNames: '[name]-[hash]',
    splitting: true,
    plugins: [contractsInOneChunk(root), await compileSchemas(base, root, schemas), nameExports(external)],
    write: false,
    metafile: true,
  })
  const files = new Map(outputFiles.map(({ path, text }) => [path.slice(dist.length + 1), withHeader(path, text)]))
  files.set('THIRD-PARTY-NOTICES.txt', await notices(metafile))
  await mkdir(join(root, '.cache'), { recursive: true })
  await writeFile(join(root, '.cache/build.json'), JSON.stringify({ outputs: metafile.outputs }))
  return files
}

/** CommonJS packages inside a bundle still ask for Node's own modules with `require`. */
const requireHeader = "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);\n"

function withHeader(path: string, text: string): string {
  const code = text.replace(/^#!.*\n/, '')
  const header = /\btypeof require\b/.test(code) ? requireHeader : ''
  return path === join(dist, 'cli.js') ? `#!/usr/bin/env node\n${header}${code}` : header + code
}

/** Declarations for those who import the package. Types are checked by `npm run types`, not here. */
async function declare() {
  const compiler = require.resolve('typescript/bin/tsc')
  await rm(join(dist, 'types'), { recursive: true, force: true })
  await promisify(execFile)(process.execPath, [compiler, '-p', join(root, 'cli/build/tsconfig.json')], { cwd: root })
}

/** The licences of the packages that are inside the bundles. */
async function notices(metafile: Metafile): Promise<string> {
  const folders = Object.keys(metafile.inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [])
  const texts = [...new Set(folders)].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'))
    const file = (await readdir(join(root, folder))).find((entry) => /^(licen[cs]e|copying)/i.test(entry))
    const text = file ? await readFile(join(root, folder, file), 'utf8') : ''
    return `${name} ${version} (${license})\n\n${text.trim()}\n`
  })
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`)
}

/** New files first, then the ones that no longer belong: a gateway that starts meanwhile finds a whole set. */
async function writeAll(files: ReadonlyMap<string, string>) {
  for (const folder of new Set([...files.keys()].map((path) => dirname(path)))) await mkdir(join(dist, folder), { recursive: true })
  await Promise.all([...files].map(([path, text]) => writeFile(join(dist, path), text)))
  await chmod(join(dist, 'cli.js'), 0o755)
  const present = await readdir(dist, { recursive: true, withFileTypes: true })
  for (const entry of present) {
    const path = join(entry.parentPath, entry.name).slice(dist.length + 1)
    if (entry.isFile() && !path.startsWith('types') && !files.has(path)) await rm(join(dist, path))
  }
}

try {
  await main()
} catch (error) {
  const { message, stdout } = error as Error & { stdout?: string }
  console.error(`The build failed: ${message}${stdout ? `\n${stdout}` : ''}`)
  process.exitCode = 1
}
