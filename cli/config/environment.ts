import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Variables } from 'openclaw/config'
import type { Env } from '../paths.js'

/**
 * Names that load code, move the shell, tools or trust of whatever runs next. They are never taken from a file, whoever
 * could write it; the process environment belongs to the user.
 */
const blocked = new Set(
  (
    'NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED PYTHONHOME PYTHONPATH PERL5LIB PERL5OPT ' +
    'RUBYLIB RUBYOPT BASH_ENV ENV GIT_EXTERNAL_DIFF GIT_EXEC_PATH SHELL SHELLOPTS PS4 GCONV_PATH IFS SSLKEYLOGFILE ' +
    'JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS PYTHONBREAKPOINT DOTNET_STARTUP_HOOKS DOTNET_ADDITIONAL_DEPS ' +
    'GLIBC_TUNABLES MAVEN_OPTS SBT_OPTS GRADLE_OPTS ANT_OPTS HOME USERPROFILE PATH PATHEXT TMPDIR TEMP TMP'
  ).split(' '),
)
const blockedPrefixes = ['DYLD_', 'LD_', 'BASH_FUNC_', 'NPM_CONFIG_', 'GIT_CONFIG_']
/** These decide which files are read at all, so a file can't say. */
const own = ['OPENCLAW_HOME', 'OPENCLAW_STATE_DIR', 'OPENCLAW_CONFIG_PATH', 'OPENCLAW_PROFILE']

export function mayBeSetByFile(name: string): boolean {
  const upper = name.toUpperCase()
  if (!/^[A-Z_][A-Z0-9_]*$/.test(upper)) return false
  return !blocked.has(upper) && !own.includes(upper) && !blockedPrefixes.some((prefix) => upper.startsWith(prefix))
}

/** The process environment, then `.env` of the state directory for what is missing. That of the working directory is never read. */
export async function readEnvironment(env: Env, state: string): Promise<Env> {
  const text = await readFile(join(state, '.env'), 'utf8').catch(() => '')
  return text === '' ? env : { ...allowed(parseDotenv(text)), ...defined(env) }
}

/** The file's own `env` block, for what the environment does not have: strings directly in it and in `env.vars`. */
export const configVariables =
  (env: Env) =>
  (document: Readonly<Record<string, any>>): Variables => {
    const block = document['env']
    if (typeof block !== 'object' || block === null) return env
    const { vars, shellEnv: _, ...direct } = block as Record<string, unknown>
    const all = { ...direct, ...(typeof vars === 'object' && vars) }
    const texts = Object.entries(all).filter(([, value]) => typeof value === 'string' && !/\$\{/.test(value))
    return { ...allowed(Object.fromEntries(texts) as Record<string, string>), ...defined(env) }
  }

const allowed = (entries: Record<string, string>) => Object.fromEntries(Object.entries(entries).filter(([name]) => mayBeSetByFile(name)))
/** An empty variable is not a value that wins. */
const defined = (env: Env) => Object.fromEntries(Object.entries(env).filter(([, value]) => value))

/** `NAME=value` lines, optionally after `export`. Double quotes know `\n` and `\"`; unquoted values end at ` #`. */
export function parseDotenv(text: string): Record<string, string> {
  const entries: Record<string, string> = {}
  for (const line of text.split(/\r?\n/)) {
    const [, name, raw = ''] = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)$/.exec(line) ?? []
    if (!name) continue
    const [, double] = /^"((?:\\.|[^"\\])*)"/.exec(raw) ?? []
    const [, single] = /^'([^']*)'/.exec(raw) ?? []
    if (double !== undefined) entries[name] = double.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))
    else entries[name] = single ?? raw.replace(/\s+#.*$/, '').trim()
  }
  return entries
}
