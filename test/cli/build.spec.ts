import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { build, type BuildOptions } from 'esbuild'
import { nameExports } from '../../cli/build/interop.js'
import { compileSchemas } from '../../cli/build/schemas.js'
import { validateConfig } from '../../core/validate.js'
import { repository } from '../support/third-party.js'

const base: BuildOptions = {
  absWorkingDir: repository,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  conditions: ['openclaw-source'],
  logLevel: 'silent',
}
const compiled = Symbol.for('openclaw.validate')

let folders = 0

/** Build some modules into a folder of their own below `root` and import the first. */
async function buildAndImport(root: string, options: BuildOptions): Promise<{ module: any; files: string[] }> {
  const outdir = join(root, String(folders++))
  const banner = { js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);" }
  await build({ ...base, outdir, outExtension: { '.js': '.mjs' }, banner, ...options })
  return { module: await import(pathToFileURL(join(outdir, 'entry.mjs')).href), files: await readdir(outdir) }
}

describe('build', () => {
  let root = ''
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'build-'))
  })
  after(() => rm(root, { recursive: true, force: true }))

  test('a bundled schema carries a validator that agrees with the schema compiler', async () => {
    const files = ['plugins/logs/schema.ts', 'plugins/openai-chat/schema.ts', 'core/schema.ts']
    const plugins = [await compileSchemas(base, repository, files)]
    const samples: unknown[] = [
      {},
      { level: 'loud', maxFiles: 0, redactPatterns: ['', 7], extra: 1 },
      { maxBodyBytes: 'many', images: { allowUrl: 1, none: true } },
      { port: 70_000, auth: { mode: 'open', token: { source: 'env' } }, bind: 'moon' },
      { budgetsMs: { start: 0, stop: 1.5 } },
    ]
    let seen = 0
    for (const file of files) {
      const { module } = await buildAndImport(root, { entryPoints: { entry: file }, plugins })
      for (const [name, schema] of Object.entries<any>(module).filter(([key]) => /schema$/i.test(key))) {
        assert.equal(typeof schema[compiled], 'function', `${file} ${name}`)
        // A copy has lost the validator, which is no part of the data: the run-time compiler takes over.
        const plain = structuredClone(schema)
        assert.equal(plain[compiled], undefined)
        for (const sample of samples) {
          assert.deepEqual(await validateConfig(schema, sample, 'at'), await validateConfig(plain, sample, 'at'))
          seen++
        }
      }
    }
    assert.equal(seen, 5 * samples.length)
  })

  test('a schema that does not compile fails the build, by its file and name', async () => {
    await assert.rejects(
      compileSchemas(base, repository, ['test/fixtures/broken-schema.ts']),
      /test\/fixtures\/broken-schema\.ts: the schema "brokenSchema" does not compile: .*requird/,
    )
  })

  test('a CommonJS package that is imported later keeps its named exports', async () => {
    const contents = `export const load = async () => typeof (await import('ajv')).Ajv + typeof (await import('ws')).WebSocketServer`
    const { module, files } = await buildAndImport(root, {
      stdin: { contents, resolveDir: repository, sourcefile: 'entry.js' },
      entryNames: 'entry',
      splitting: true,
      plugins: [nameExports([])],
    })
    assert.ok(files.length > 2, 'each in a chunk of its own')
    assert.equal(await module.load().catch((error: Error) => error.message), 'functionfunction')
  })
})
