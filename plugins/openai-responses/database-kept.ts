import type { Database, Sql } from '../contracts/store.js'
import { responseOf } from './ids.js'
import type { Item } from './items.js'
import { type Chain, type Entry, itemIn, type Kept, type Scope, tooLong } from './kept.js'
import type { Retention } from './schema.js'

/** What one write lets go of by age; the rest goes with the next ones. */
const maxPruned = 1_000

const insertSql = `
  INSERT INTO responses (id, credential, context, lane, previous, ended_at, bytes, item_bytes, earlier, input, output, response)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
const chainSql = `
  WITH RECURSIVE chain (n, previous, item_bytes, depth) AS (
    SELECT n, previous, item_bytes, 0 FROM responses WHERE n = ?
    UNION ALL
    SELECT r.n, r.previous, r.item_bytes, depth + 1 FROM responses r JOIN chain ON r.n = chain.previous
  )
  SELECT n, item_bytes FROM chain ORDER BY depth DESC`
const findSql = 'SELECT n, input, response FROM responses WHERE id = ? AND hidden = 0 AND credential = ? AND ended_at > ?'
const mineSql = `
  SELECT n, lane, output FROM responses
  WHERE id = ? AND hidden = 0 AND credential = ? AND ended_at > ? AND context = ?`

/** Responses in a database, so that one that was acknowledged is there after a crash. */
export class DatabaseKept implements Kept {
  readonly #database: Database
  readonly #retention: () => Retention

  constructor(database: Database, retention: () => Retention) {
    this.#database = database
    this.#retention = retention
  }

  async add({ id, scope, lane, previous, input, output, response }: Entry): Promise<boolean> {
    const retention = this.#retention()
    const items = Buffer.byteLength(input) + Buffer.byteLength(output)
    const bytes = items + Buffer.byteLength(response)
    if (retention.entries === 0 || bytes > retention.maxBytes) return false
    await this.#database.write((sql) => {
      const before: number | undefined = previous && sql('SELECT n FROM responses WHERE id = ?').get(previous.id)?.n
      // What it continues may be gone by now. Then it brings along what it was made of.
      const earlier = previous && before === undefined ? JSON.stringify(previous.items) : null
      const more = earlier === null ? 0 : Buffer.byteLength(earlier)
      const whose = [id, scope.credential, scope.context, lane, before ?? null, Date.now()]
      sql(insertSql).run(...whose, bytes + more, items + more, earlier, input, output, response)
      prune(sql, retention)
    })
    return true
  }

  chain(id: string, scope: Scope, maxBytes: number): Chain | undefined {
    const last = this.#mine(id, scope)
    if (!last) return undefined
    const steps: { n: number; item_bytes: number }[] = this.#database.sql(chainSql).all(last.n)
    if (steps.reduce((sum, { item_bytes }) => sum + item_bytes, 0) > maxBytes) throw tooLong()
    const items = steps.flatMap(({ n }): Item[] => {
      const { earlier, input, output } = this.#database.sql('SELECT earlier, input, output FROM responses WHERE n = ?').get(n)
      return [...(earlier === null ? [] : JSON.parse(earlier)), ...JSON.parse(input), ...JSON.parse(output)]
    })
    return { id, lane: last.lane, items }
  }

  #mine(id: string, { credential, context }: Scope) {
    return this.#database.sql(mineSql).get(id, credential, this.#oldest, context)
  }

  get #oldest(): number {
    return Date.now() - this.#retention().maxAgeMs
  }

  item(id: string, scope: Scope): Item | undefined {
    const found = this.#mine(responseOf(id) ?? '', scope)
    return found && itemIn(found.output, id)
  }

  find(id: string, credential: string) {
    return this.#database.sql(findSql).get(id, credential, this.#oldest)
  }

  remove(id: string, credential: string): Promise<boolean> {
    return this.#database.write((sql) => {
      const found = sql(findSql).get(id, credential, this.#oldest)
      if (found) drop(sql, found.n)
      return found !== undefined
    })
  }

  prune(): Promise<void> {
    return this.#database.write((sql) => prune(sql, this.#retention()))
  }
}

function prune(sql: Sql, { entries, maxAgeMs, maxBytes }: Retention) {
  const old = sql('SELECT n FROM responses WHERE hidden = 0 AND ended_at <= ? ORDER BY ended_at LIMIT ?')
  for (const { n } of old.all(Date.now() - maxAgeMs, maxPruned)) drop(sql, n)
  for (;;) {
    const totals = sql('SELECT entries, bytes FROM totals').get()
    if (totals.entries <= entries && totals.bytes <= maxBytes) return
    const oldest = sql('SELECT n FROM responses WHERE hidden = 0 ORDER BY ended_at, n LIMIT 1').get()
    if (!oldest) return
    drop(sql, oldest.n)
  }
}

/** Forget a response. One that others continue is hidden, and goes with the last of them. */
function drop(sql: Sql, n: number) {
  let next: number | null = n
  while (next !== null) {
    if (sql('SELECT 1 FROM responses WHERE previous = ? LIMIT 1').get(next)) {
      sql('UPDATE responses SET hidden = 1 WHERE n = ?').run(next)
      return
    }
    const { previous } = sql('SELECT previous FROM responses WHERE n = ?').get(next)
    sql('DELETE FROM responses WHERE n = ?').run(next)
    next = previous !== null && sql('SELECT hidden FROM responses WHERE n = ?').get(previous)?.hidden === 1 ? previous : null
  }
}
