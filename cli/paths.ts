import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve, sep } from 'node:path'

export type Env = Readonly<Record<string, string | undefined>>

export interface Paths {
  readonly home: string
  readonly state: string
  readonly config: string
}

/** Shell accidents such as `HOME=undefined` count as unset. */
const set = (value: string | undefined): string | undefined =>
  value === undefined || ['', 'undefined', 'null'].includes(value.trim()) ? undefined : value.trim()

/** Replace a leading `~`. */
export const expandHome = (path: string, home: string): string =>
  path === '~' || path.startsWith('~/') || path.startsWith('~\\') ? join(home, path.slice(1)) : path

export function resolveHome(env: Env): string {
  const own = set(env['OPENCLAW_HOME'])
  const system = set(env['HOME']) ?? set(env['USERPROFILE']) ?? homedir()
  return resolve(own ? expandHome(own, system) : system)
}

const fileNames = ['openclaw.json', 'clawdbot.json', 'moldbot.json']

/** Directories and files of one gateway. A set state directory is never left for the default home's configuration. */
export function resolvePaths(env: Env): Paths {
  const home = resolveHome(env)
  const chosen = set(env['OPENCLAW_STATE_DIR'])
  const state = chosen ? resolve(expandHome(chosen, home)) : defaultState(home)
  const file = set(env['OPENCLAW_CONFIG_PATH'])
  const present = fileNames.map((name) => join(state, name)).find((path) => existsSync(path))
  return { home, state, config: file ? resolve(expandHome(file, home)) : (present ?? join(state, 'openclaw.json')) }
}

function defaultState(home: string): string {
  const directories = ['.openclaw', '.clawdbot', '.moldbot'].map((name) => join(home, name))
  return directories.find((path) => existsSync(path)) ?? (directories[0] as string)
}

/** For people: below the home directory as `~/…`. */
export const shortPath = (path: string, home: string): string =>
  path === home ? '~' : path.startsWith(home + sep) ? `~${path.slice(home.length)}` : path
