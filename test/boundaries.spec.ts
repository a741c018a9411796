import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { repository } from './support/third-party.js'

/** A small tree in which every file that is not innocent breaks one rule. */
const planted: Record<string, string> = {
  'core/index.ts': `import './deep.js'\nimport '../plugins/a/index.js'`,
  'core/plugin.ts': `export const door = 1`,
  'core/deep.ts': `import './deeper.js'`,
  'core/deeper.ts': `import { readFileSync } from 'node:fs'\nexport const read = readFileSync\nexport * from './loop.js'`,
  'core/loop.ts': `export * from './deeper.js'`,
  'core/innocent.ts': `import type { Guilty } from './guilty.js'\nexport type Innocent = Guilty`,
  'core/guilty.ts': `import type { Innocent } from './innocent.js'\nexport type Guilty = Innocent[]`,
  'cli/config/index.ts': `import { cosmiconfig } from 'cosmiconfig'\nexport const load = cosmiconfig`,
  'plugins/contracts/index.ts': `import { door } from 'openclaw/plugin'\nimport Koa from 'koa'\nimport '../../core/deep.js'\nexport { door, Koa }`,
  'plugins/a/index.ts': `import { door } from 'openclaw/plugin'\nimport '../contracts/index.js'\nimport './work.js'\nexport { door }`,
  'plugins/a/work.ts': `import '../b/index.js'`,
  'plugins/b/index.ts': `import '../../core/deep.js'\nimport './missing.js'`,
  'cli/standard.ts': `import '../plugins/a/index.js'\nimport '../plugins/a/work.js'`,
  'cli/main.ts': `import './standard.js'\nimport '../plugins/b/index.js'\nimport '../test/kit/index.js'`,
  'test/kit/index.ts': `import 'openclaw'\nimport '../../core/deep.js'`,
  'examples/x/main.ts': `import 'openclaw/plugin'\nimport 'openclaw/plugins/a'\nimport '../../plugins/a/work.js'`,
}

const expected = [
  'cli-names-plugins-in-one-file: cli/main.ts -> plugins/b/index.ts',
  'contracts-bring-no-library: plugins/contracts/index.ts -> koa',
  'contracts-know-the-public-door: plugins/contracts/index.ts -> core/deep.ts',
  'core-imports-no-plugin: core/index.ts -> plugins/a/index.ts',
  'embedding-stays-light: core/index.ts -> fs',
  'everything-resolves: plugins/b/index.ts -> ./missing.js',
  'examples-use-public-entries: examples/x/main.ts -> plugins/a/work.ts',
  'kit-uses-public-entries: test/kit/index.ts -> core/deep.ts',
  'no-cycles: core/deeper.ts -> core/loop.ts',
  'plugins-use-the-public-door: plugins/a/work.ts -> plugins/b/index.ts',
  'plugins-use-the-public-door: plugins/b/index.ts -> core/deep.ts',
  'product-imports-no-test: cli/main.ts -> test/kit/index.ts',
  'standard-takes-light-files: cli/standard.ts -> plugins/a/work.ts',
]

interface Violation {
  rule: { name: string }
  from: string
  to: string
}

test('the boundary rules catch what they forbid, and nothing else', async () => {
  const root = await mkdtemp(join(tmpdir(), 'boundaries-'))
  try {
    for (const file of ['package.json', 'tsconfig.json', '.dependency-cruiser.cjs']) await cp(join(repository, file), join(root, file))
    await symlink(join(repository, 'node_modules'), join(root, 'node_modules'), 'dir')
    for (const [path, text] of Object.entries(planted)) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), `${text}\nexport {}\n`)
    }
    const violations = await cruise(root)
    const found = violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to.replace(/^.*node_modules\/([^/]+).*$/, '$1')}`)
    assert.deepEqual([...new Set(found)].sort(), expected)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
})

const cruise = (root: string) =>
  new Promise<Violation[]>((resolve, reject) => {
    const tool = join(repository, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
    const args = [tool, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'core', 'plugins', 'cli', 'examples', 'test']
    execFile(process.execPath, args, { cwd: root, maxBuffer: 64 * 1_024 * 1_024 }, (error, stdout) => {
      try {
        resolve(JSON.parse(stdout).summary.violations)
      } catch {
        reject(error)
      }
    })
  })
