/** Writes the tables of methods and events in docs/websocket.md from the rows of the bundled plugins. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { definePlugin, type Handle, type Row } from 'openclaw/plugin'
import { createTestGateway } from 'openclaw/testing'
import { standard } from '../../cli/standard.js'
import { type EventRow, Events } from '../../plugins/contracts/events.js'
import { type Method, Methods } from '../../plugins/contracts/methods.js'
import { markdownTable } from './markdown-table.js'

export const websocketPage = fileURLToPath(new URL('../../docs/websocket.md', import.meta.url))

/** The rows of every plugin that runs by default. */
export async function methodRows(): Promise<{ methods: Row<Method>[]; events: Row<EventRow>[] }> {
  const wanted = standard.filter(({ default: runs }) => runs === true)
  const plugins = await Promise.all(wanted.map(async ({ load }) => (await load()).default))
  let read: (() => { methods: Row<Method>[]; events: Row<EventRow>[] }) | undefined
  const reader = definePlugin({
    api: 1,
    name: 'reader',
    apply(kernel) {
      const methods: Handle<ReadonlyMap<string, Row<Method>>> = kernel.table(Methods)
      const events: Handle<ReadonlyMap<string, Row<EventRow>>> = kernel.table(Events)
      read = () => ({ methods: [...methods.current.values()], events: [...events.current.values()] })
    },
  })
  const state = mkdtempSync(join(tmpdir(), 'methods-'))
  const gateway = await createTestGateway({ plugins: [...plugins, reader], paths: { state, config: join(state, 'openclaw.json') } })
  try {
    return (read as NonNullable<typeof read>)()
  } finally {
    await gateway.close()
    rmSync(state, { recursive: true, force: true })
  }
}

const byKey = <T>(rows: Row<T>[]) => rows.toSorted((a, b) => (a.plugin + a.key < b.plugin + b.key ? -1 : 1))

export async function renderWebsocketPage(text: string): Promise<string> {
  const { methods, events } = await methodRows()
  const scopeOf = ({ role, scope }: Method) => (role === 'node' ? 'role node' : scope === null ? 'none' : `\`${scope}\``)
  const methodTable = markdownTable(
    ['method', 'scope', 'plugin'],
    byKey(methods).map(({ key, plugin, value }) => [`\`${key}\``, scopeOf(value), `\`${plugin}\``]),
  )
  const eventTable = markdownTable(
    ['event', 'for', 'a slow reader', 'plugin'],
    byKey(events).map(({ key, plugin, value }) => [
      `\`${key}\``,
      value.scope === undefined ? 'everybody' : `\`${value.scope}\``,
      value.droppable === undefined || value.droppable === false ? 'is closed' : value.droppable === true ? 'misses it' : 'misses deltas',
      `\`${plugin}\``,
    ]),
  )
  return text
    .replace(/(<!-- methods -->\n)[^]*?(<!-- end -->)/, (_, head, tail) => `${head}\n${methodTable}\n\n${tail}`)
    .replace(/(<!-- events -->\n)[^]*?(<!-- end -->)/, (_, head, tail) => `${head}\n${eventTable}\n\n${tail}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(websocketPage, await renderWebsocketPage(readFileSync(websocketPage, 'utf8')))
