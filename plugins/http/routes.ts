import type { Row } from 'openclaw/plugin'
import type { Route } from '../contracts/http.js'

/** A row and what follows its prefix, or the methods that the path has. */
export type Match = { route: Row<Route>; rest: string } | { allow: string[] } | undefined

/** Raw routes of one generation, compiled: an exact hit is one map look-up, then prefixes, longest first. */
export interface RouteTable {
  match(method: string, path: string): Match
  /** Routes that Koa serves. */
  readonly koa: readonly Row<Route>[]
}

const api = /^\/(?:v1|tools|hooks|webhooks)(?:\/|$)/
/** Paths of programs: what nobody serves there is a JSON 404, never a page. */
export const isApi = (path: string): boolean => api.test(path)
/** A page served for every path does not reach into the programs' paths. */
export const covers = (pattern: string, path: string): boolean => isApi(pattern) || !isApi(path)

export function compileRoutes(table: ReadonlyMap<string, Row<Route>>): RouteTable {
  const exact = new Map<string, Map<string, Row<Route>>>()
  const prefixes = new Map<string, Map<string, Row<Route>>>()
  const koa: Row<Route>[] = []
  for (const row of table.values()) {
    const { method, path, match, raw } = row.value
    if (!raw) koa.push(row)
    else {
      const into = match === 'prefix' ? prefixes : exact
      into.set(path, (into.get(path) ?? new Map()).set(method, row))
    }
  }
  const byLength = [...prefixes].sort(([a], [b]) => b.length - a.length)
  const choose = (methods: Map<string, Row<Route>>, method: string, rest: string): Match => {
    const route = methods.get(method)
    return route ? { route, rest } : { allow: [...methods.keys()] }
  }
  return {
    koa,
    match(method, path) {
      const methods = exact.get(path)
      if (methods) return choose(methods, method, '')
      for (const [prefix, below] of byLength)
        if (path.startsWith(prefix) && covers(prefix, path)) return choose(below, method, path.slice(prefix.length))
      return undefined
    },
  }
}
