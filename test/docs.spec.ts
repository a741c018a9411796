import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Gateway } from 'openclaw'
import { bundledCommands } from '../cli/commands.js'
import { runOptions } from '../cli/gateway/flags.js'
import { standard } from '../cli/standard.js'
import { configPage, renderConfigPage } from './support/config-page.js'
import { httpPage, renderHttpPage } from './support/errors-table.js'
import { hooksPage, renderHooksPage } from './support/hooks-page.js'
import { renderWebsocketPage, websocketPage } from './support/methods-table.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const filesBelow = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => ending.test(file))
    .map((file) => join(folder, file))

const pages = ['README.md', 'CHANGELOG.md', ...filesBelow('docs', /\.md$/)]
const regenerate = (script: string) => `Run: node -C openclaw-source --import tsx test/support/${script}`

/** Blocks of code in a page, with their language and the comment right above them. */
const blocks = (page: string) =>
  [...read(page).matchAll(/(?:<!-- ([^>]*?) -->\n+)?^```(\w*)\n([^]*?)^```$/gm)].map(([, note, language, code]) => ({
    note,
    language,
    code,
  }))

/** The part of a link that names a heading, as readers of Markdown make it. */
const anchors = (page: string) =>
  [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )

function deadLinks(page: string): string[] {
  const text = read(page).replace(/^```[^]*?^```$/gm, '')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^(https?|mailto):/.test(target)) return []
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? page : join(dirname(page), path)
    if (!existsSync(join(root, file))) return [`${page}: ${target}`]
    return anchor === undefined || anchors(file).includes(anchor) ? [] : [`${page}: ${target}`]
  })
}

describe('documents', () => {
  test('every link leads somewhere', () => assert.deepEqual(pages.flatMap(deadLinks), []))

  test('every page is linked from another', () => {
    const targets = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)#\s]+)/g)].map(([, target = '']) => join(dirname(page), target)),
    )
    assert.deepEqual(
      pages.filter((page) => page !== 'README.md' && !page.endsWith('/README.md') && !targets.includes(page)),
      [],
    )
  })

  test('docs/hooks.md is what the table of hooks says', () =>
    assert.equal(readFileSync(hooksPage, 'utf8'), renderHooksPage(), regenerate('hooks-page.ts')))

  test('docs/config.md has every key of every schema, as it is there', async () => {
    const text = readFileSync(configPage, 'utf8')
    const { page, missing } = await renderConfigPage(text)
    assert.deepEqual(missing, [])
    assert.equal(text, page, regenerate('config-page.ts'))
  })

  test('docs/http.md has every error of the API', () => {
    const text = readFileSync(httpPage, 'utf8')
    assert.equal(text, renderHttpPage(text), regenerate('errors-table.ts'))
  })

  test('docs/websocket.md has every method and event', async () => {
    const text = readFileSync(websocketPage, 'utf8')
    assert.equal(text, await renderWebsocketPage(text), regenerate('methods-table.ts'))
  })

  test('docs/security.md promises what tests prove, and the other way round', () => {
    const tests = filesBelow('test', /\.(spec|test)\.ts$/).filter((file) => file !== 'test/docs.spec.ts')
    const proved = new Set(
      tests.flatMap((file) =>
        [...read(file).matchAll(/['"`]((?:T-[A-Z]+-\d+[\s,:]*)+)/g)].flatMap(([, ids = '']) => ids.match(/T-[A-Z]+-\d+/g) ?? []),
      ),
    )
    const promised = [...read('docs/security.md').matchAll(/^\| `(T-[A-Z]+-\d+)`/gm)].map((match) => match[1] as string)
    assert.deepEqual([...promised].sort(), [...proved].sort())
  })

  test('README.md lists the bundled plugins', () => {
    const [, table = ''] = /## Plugins\n([^]*?)\n## /.exec(read('README.md')) ?? []
    const listed = [...table.matchAll(/^\| `([a-z-]+)`/gm)].map((match) => match[1] as string)
    assert.deepEqual(listed.sort(), standard.map(({ name }) => name).sort())
  })

  test('docs/start.md names every variable that brings a provider', () => {
    const variables = read('cli/gateway/discover.ts').match(/\b[A-Z]+_API_KEY\b/g) ?? []
    const page = read('docs/start.md')
    assert.ok(variables.length > 0)
    assert.deepEqual(
      variables.filter((name) => !page.includes(`\`${name}\``)),
      [],
    )
  })

  test('docs/cli.md has every command and flag', async () => {
    const rows = [{ name: 'gateway', options: runOptions }, { name: 'gateway run' }, ...(await bundledCommands())]
    const page = read('docs/cli.md')
    const flags = rows.flatMap(({ options = [] }) => options.map(([flag]) => flag))
    assert.deepEqual(
      [...rows.map(({ name }) => name), ...flags].filter((each) => !page.includes(`\`${each}\``)),
      [],
    )
  })

  test('code that is shown exists: files are what they are, imports are exported', async () => {
    for (const page of pages) {
      for (const { note, language, code = '' } of blocks(page)) {
        if (note?.includes('/') && existsSync(join(root, note))) assert.equal(code, read(note), `${page} shows an old ${note}`)
        if (language !== 'ts') continue
        for (const [, names = '', entry = ''] of code.matchAll(/^import (\{[^}]*\}|\w+) from '(openclaw[^']*)'/gm)) {
          const exported = (await import(entry)) as Record<string, unknown>
          const wanted = names.startsWith('{') ? names.slice(1, -1).split(',') : ['default']
          for (const name of wanted.map((each) => each.trim()).filter((each) => each && !each.startsWith('type ')))
            assert.ok(name in exported, `${page}: ${entry} does not export ${name}`)
        }
      }
    }
  })

  test('the program of docs/embedding.md runs, with every plugin that it names', async (t) => {
    const program = blocks('docs/embedding.md').find(({ code }) => code?.includes('createGateway'))?.code ?? ''
    const [body, ending] = program.split('\nconsole.log')
    assert.ok(ending?.includes('gateway.close()'))
    // Below the repository, where the package finds itself by its name.
    mkdirSync(join(root, '.cache'), { recursive: true })
    const folder = mkdtempSync(join(root, '.cache/embedding-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(join(folder, 'program.ts'), `${body}\nexport { gateway }\n`)
    const { gateway } = (await import(join(folder, 'program.ts'))) as { gateway: Gateway }
    t.after(() => gateway.close())
    assert.deepEqual(
      gateway.inspect().plugins.flatMap(({ name, state, reason }) => (state === 'active' ? [] : [`${name} is ${state}: ${reason}`])),
      [],
    )
  })

  test('the plugin of docs/writing-a-plugin.md is shown as a whole', () => {
    const shown = blocks('docs/writing-a-plugin.md').flatMap(({ note }) => note ?? [])
    assert.deepEqual(shown.sort(), filesBelow('test/fixtures/openclaw-plugin-visits', /\.ts$/).sort())
  })

  test('no page tells of the machine it was written on', () => {
    const hints = /(^|[\s"'`(=])\/(work|root|home|Users|tmp|private)\/|\bregistry\.|npmjs|\bverdaccio\b|\b10\.\d+\.\d+\.\d+\b/
    assert.deepEqual(
      pages.filter((page) => hints.test(read(page))),
      [],
    )
  })
})

await import('./fixtures/openclaw-plugin-visits/index.test.js')
