import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { startGatewayProcess } from '../support/process.js'
import { repository } from '../support/third-party.js'

const run = promisify(execFile)

/** Names of the built files that a process loaded, from the coverage that V8 wrote when it ended. */
async function loadedFiles(folder: string): Promise<string[]> {
  const files = new Set<string>()
  for (const name of await readdir(folder)) {
    const { result } = JSON.parse(await readFile(join(folder, name), 'utf8')) as { result: { url: string }[] }
    for (const { url } of result) if (url.includes('/dist/')) files.add(url.slice(url.indexOf('/dist/') + 6))
  }
  return [...files].sort()
}

/** Which sources are in those files, by the build's own account. */
async function loadedSources(folder: string): Promise<string[]> {
  const { outputs } = JSON.parse(await readFile(join(repository, '.cache/build.json'), 'utf8')) as {
    outputs: Record<string, { inputs: object }>
  }
  const files = await loadedFiles(folder)
  assert.ok(files.length > 0, 'nothing was loaded')
  const sources = files.flatMap((file) => Object.keys(outputs[`dist/${file}`]?.inputs ?? {}))
  return [...new Set(sources)].sort()
}

async function withCoverage(work: (env: NodeJS.ProcessEnv) => Promise<unknown>): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'coverage-'))
  try {
    await work({ NODE_V8_COVERAGE: folder })
    return await loadedSources(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Plugins with more than their list of commands. */
const pluginsIn = (sources: string[]) =>
  [...new Set(sources.flatMap((source) => /^plugins\/([^/]+)\/(?!manifest\.ts)/.exec(source)?.[1] ?? []))].sort()

describe('what is loaded', () => {
  test('--plugins health,openai-models loads those and what they need: no chat, no ws, no store', async () => {
    const sources = await withCoverage(async (env) => {
      const gateway = await startGatewayProcess({}, { args: ['--plugins', 'health,openai-models'], env })
      assert.equal((await gateway.fetch('/v1/models')).status, 200)
      assert.equal((await gateway.fetch('/health')).status, 200)
      assert.equal((await gateway.fetch('/v1/chat/completions', { method: 'POST', body: '{}' })).status, 404)
      await gateway.stop()
    })
    const plugins = pluginsIn(sources)
    assert.ok(plugins.includes('health') && plugins.includes('openai-models') && plugins.includes('models'), plugins.join())
    for (const absent of ['openai-chat', 'provider-openai', 'logs', 'ws-protocol', 'store', 'sessions', 'runs'])
      assert.ok(!plugins.includes(absent), `${absent} in ${plugins}`)
    // Precompiled validators use small helpers of ajv's, not ajv.
    const libraries = sources
      .filter((source) => source.startsWith('node_modules/') && !source.startsWith('node_modules/ajv/dist/runtime/'))
      .map((source) => source.split('/')[1])
    for (const absent of ['ws', 'undici', 'koa', 'ajv', '@photostructure']) assert.ok(!libraries.includes(absent), `${absent} was loaded`)
  })

  test('--help and --version load no server and no plugin’s work', async () => {
    for (const flag of ['--help', '--version']) {
      const sources = await withCoverage((env) =>
        run(process.execPath, [join(repository, 'dist/cli.js'), flag], { env: { PATH: process.env['PATH'], HOME: tmpdir(), ...env } }),
      )
      const light = (source: string) => source.startsWith('plugins/contracts/') || ['manifest.ts', 'schema.ts'].includes(basename(source))
      const work = sources.filter((source) => source.startsWith('plugins/') && !light(source))
      assert.deepEqual(work, [], flag)
      for (const kernel of ['core/gateway.ts', 'core/port.ts']) assert.ok(!sources.includes(kernel), `${flag} loads ${kernel}`)
      assert.ok(!sources.some((source) => /node_modules\/(?:koa|ajv\/dist\/core|undici|ws|chokidar|cosmiconfig)\b/.test(source)), flag)
    }
  })
})
