import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { repository } from '../../support/third-party.js'

/** Each line of a guilty file is a way out that is not the service's. */
const guilty = {
  linted: [
    `export const a = fetch('http://x')`,
    `export const b = globalThis.fetch`,
    `export const c = globalThis['fetch']`,
    `export const d = new WebSocket('ws://x')`,
    `export { request } from 'node:http'`,
    `import * as http from 'node:http'; export const e = http.get`,
    `import f from 'node:net'; export const g = f.connect`,
    `import { connect } from 'node:net'; export const h = connect`,
    `import { Socket } from 'net'; export const i = Socket`,
  ],
  cruised: [
    `import { fetch } from 'undici'; export const a = fetch`,
    `export const b = import('undici')`,
    `export const c = import('ws')`,
    `import { request } from 'node:https'; export const d = request`,
    `export const e = import('node:https')`,
    `import { connect } from 'node:tls'; export const f = connect`,
    `import { connect } from 'node:http2'; export const g = connect`,
    `import { createSocket } from 'node:dgram'; export const h = createSocket`,
    `export const i = import('node:http')`,
    `export const j = import('node:net')`,
  ],
}
/** Nothing of this asks anybody. */
const innocent = `import { createServer, type IncomingMessage, STATUS_CODES } from 'node:http'
import { BlockList, isIP, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Pool } from 'undici'
import type { WebSocket } from 'ws'
export type Types = [IncomingMessage, Socket, TLSSocket, Pool, WebSocket]
export const values = [createServer, STATUS_CODES, BlockList, isIP, (service: { fetch(): void }) => service.fetch()]`

const run = (root: string, tool: string, ...args: string[]) =>
  new Promise<string>((resolve, reject) => {
    const options = { cwd: root, maxBuffer: 64 * 1_024 * 1_024 }
    execFile(process.execPath, [join(repository, 'node_modules', tool), ...args], options, (error, stdout) =>
      stdout === '' ? reject(error ?? new Error(`${tool} says nothing`)) : resolve(stdout),
    )
  })

describe('lint', () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'egress-lint-'))
    for (const file of ['package.json', 'tsconfig.json', '.dependency-cruiser.cjs', '.oxlintrc.json'])
      await cp(join(repository, file), join(root, file))
    await symlink(join(repository, 'node_modules'), join(root, 'node_modules'), 'dir')
    const files = Object.entries(guilty).flatMap(([kind, lines]) => lines.map((text, i) => [`${kind}-${i}`, text] as const))
    for (const folder of ['core', 'plugins/x', 'plugins/egress'])
      for (const [name, text] of [...files, ['innocent', innocent] as const]) {
        const path = join(root, folder, `${name}.ts`)
        await mkdir(dirname(path), { recursive: true })
        await writeFile(path, `${text}\n`)
      }
  })
  after(() => rm(root, { recursive: true, force: true }))

  const planted = (kind: keyof typeof guilty) =>
    ['core', 'plugins/x'].flatMap((folder) => guilty[kind].map((_, i) => `${folder}/${kind}-${i}.ts`)).sort()

  test('T-NET-01 the linter finds whoever asks a URL outside of the service', async () => {
    const report = JSON.parse(await run(root, 'oxlint/bin/oxlint', '--format', 'json'))
    const found = report.diagnostics
      .filter(({ code }: { code: string }) => code.includes('no-restricted'))
      .map(({ filename }: { filename: string }) => filename)
    assert.deepEqual([...new Set(found)].sort(), planted('linted'))
  })

  test('T-NET-01 the rules of imports find whoever brings a client of his own', async () => {
    const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'core', 'plugins']
    const { summary } = JSON.parse(await run(root, 'dependency-cruiser/bin/dependency-cruise.mjs', ...args))
    const rules = ['egress-is-the-one-door', 'sockets-are-imported-by-name']
    const found = summary.violations
      .filter(({ rule }: { rule: { name: string } }) => rules.includes(rule.name))
      .map(({ from }: { from: string }) => from)
    assert.deepEqual([...new Set(found)].sort(), planted('cruised'))
  })
})
