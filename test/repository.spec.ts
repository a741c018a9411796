import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Plugin } from 'openclaw'
import { strictSchema } from './kit/schema.js'
import { coreSizes, excesses } from './support/core-lines.js'
import './boundaries.spec.js'
import './kit.spec.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** Source files below a folder, by their path in the repository. */
const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.includes('node_modules'))
    .map((file) => join(folder, file))

const product = ['core', 'plugins', 'cli', 'examples'].flatMap(sources)
const plugins = readdirSync(join(root, 'plugins')).filter((name) => existsSync(join(root, 'plugins', name, 'index.ts')))
const bundled = plugins.filter((name) => name !== 'contracts')

/** Lines of `files` that match, as `file:line`. Comments do not count. */
const hits = (files: readonly string[], pattern: RegExp) =>
  files.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) =>
        pattern.test(line.replace(/^\s*(\/\/|\/?\*).*$/, '').replace(/\s\/\/ .*$/, '')) ? [`${file}:${index + 1}`] : [],
      ),
  )

describe('repository', () => {
  test('the kernel can be read in one sitting', () => assert.deepEqual(excesses(coreSizes()), []))

  test('the environment is read in cli/ alone', () => {
    const others = product.filter((file) => !file.startsWith('cli/'))
    assert.deepEqual(hits(others, /\bprocess\s*\.\s*env\b|\bprocess\s*\[\s*['"]env|\benv\b[^'"]*\}\s*=\s*process\b/), [])
  })

  test('nothing outside cli/ and the examples prints', () => {
    const others = product.filter((file) => !/^(cli|examples)\//.test(file))
    assert.deepEqual(hits(others, /\bconsole\s*\.\s*[a-z]|\bprocess\.(stdout|stderr)\b/), [])
  })

  test('the kernel and its plugins leave the process alone', () => {
    const others = product.filter((file) => /^(core|plugins)\//.test(file) && !file.endsWith('manifest.ts'))
    assert.deepEqual(hits(others, /\bprocess\s*\.\s*(exit|exitCode|kill|chdir|on|once|umask)\b/), [])
  })

  test('every plugin is named for its folder and says what it is for', async () => {
    for (const name of bundled) {
      const readme = `plugins/${name}/README.md`
      assert.ok(existsSync(join(root, readme)), `${readme} is missing`)
      assert.match(read(readme), new RegExp(`^# .*${name}`, 'm'), `${readme} begins with its name`)
      assert.equal((await load(name)).name, name)
    }
  })

  test('every plugin with settings has a strict schema', async () => {
    for (const name of bundled) await strictSchema(await load(name))
  })

  test('the standard list names every bundled plugin', () => {
    const list = read('cli/standard.ts')
    assert.deepEqual(
      bundled.filter((name) => !list.includes(`plugins/${name}/`)),
      [],
    )
  })

  test('every contract is part of the entry openclaw/contracts', () => {
    const index = read('plugins/contracts/index.ts')
    const files = readdirSync(join(root, 'plugins/contracts')).filter((file) => file !== 'index.ts')
    assert.deepEqual(
      files.filter((file) => !index.includes(`./${file.replace(/\.ts$/, '.js')}`)),
      [],
    )
  })

  test('the package ships its licence, change log and documents, and every link in them leads somewhere', () => {
    const { license, files, exports } = JSON.parse(read('package.json'))
    assert.equal(license, 'MIT')
    assert.match(read('LICENSE'), /^MIT License\n/)
    assert.match(read('CHANGELOG.md'), /^# Change log\n/)
    assert.ok(files.includes('docs') && files.includes('dist'))
    for (const entry of Object.values(exports) as ({ 'openclaw-source'?: string } | string)[]) {
      const source = typeof entry === 'string' ? entry : (entry['openclaw-source'] as string)
      if (!source.includes('*')) assert.ok(existsSync(join(root, source)), `${source} is exported and missing`)
    }
    assert.deepEqual(documents().flatMap(deadLinks), [])
  })

  test('exact versions, and a lock file that agrees', () => {
    const manifest = JSON.parse(read('package.json'))
    const lock = JSON.parse(read('package-lock.json')).packages['']
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
      assert.deepEqual(lock[kind] ?? {}, manifest[kind] ?? {}, kind)
      for (const [name, version] of Object.entries(manifest[kind] ?? {}))
        assert.match(version as string, /^\d+\.\d+\.\d+$/, `${name} is not pinned`)
    }
  })

  test('imports end in .js, and a folder is never imported', () => {
    const relative = /(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/
    assert.deepEqual(
      product.flatMap((file) =>
        read(file)
          .split('\n')
          .flatMap((line) => relative.exec(line)?.[1] ?? [])
          .filter((target) => !/\.(js|json)$/.test(target))
          .map((target) => `${file}: ${target}`),
      ),
      [],
    )
  })
})

const load = async (name: string): Promise<Plugin> => (await import(pathToFileURL(join(root, 'plugins', name, 'index.ts')).href)).default

const documents = () => [
  ...['README.md', 'CHANGELOG.md'].filter((file) => existsSync(join(root, file))),
  ...['docs', 'plugins', 'examples'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md'))
      .map((file) => join(folder, file)),
  ),
]

function deadLinks(document: string): string[] {
  const targets = [...read(document).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)].map((match) => match[1] as string)
  return targets.filter((target) => !existsSync(join(root, document, '..', target))).map((target) => `${document}: ${target}`)
}
