import type { SqlDriver, Statement } from '../contracts/store.js'

const mostStatements = 256

/** Prepared statements by their text. Past 256 all are let go: texts are constants, so more means that somebody builds them. */
export function createStatements(driver: SqlDriver): (text: string) => Statement {
  const prepared = new Map<string, Statement>()
  return (text) => {
    const known = prepared.get(text)
    if (known) return known
    if (prepared.size >= mostStatements) prepared.clear()
    const statement = driver.prepare(text)
    prepared.set(text, statement)
    return statement
  }
}
