import { type Env, resolveHome } from './paths.js'
import { join } from 'node:path'

/** What the command line says before any command is looked at. */
export interface Invocation {
  /** Arguments without the global flags. */
  readonly args: readonly string[]
  /** The process environment with what `--profile` and `--dev` fill in; variables that are set win over the flags. */
  readonly env: Env
  readonly logLevel: string | undefined
  /** A fatal problem of these flags: exit code 2. */
  readonly problem?: string
}

/** Take the global flags out of the command line; `--no-color` has nothing to turn off, output is plain. They count up to `--`; `--dev` only before the first command word. */
export function readInvocation(argv: readonly string[], env: Env): Invocation {
  const args: string[] = []
  const values: Record<string, string> = {}
  let dev = false
  let problem: string | undefined
  for (let at = 0; at < argv.length; at++) {
    const arg = argv[at] as string
    if (arg === '--') {
      args.push(...argv.slice(at))
      break
    }
    const [, flag, inline] = /^--(profile|log-level)(?:=([^]*))?$/.exec(arg) ?? []
    if (flag) {
      const value = inline ?? argv[++at]
      if (!value || value.startsWith('-')) problem ??= `--${flag} requires a value`
      else values[flag] = value
    } else if (arg === '--no-color') continue
    else if (arg === '--dev' && args.length === 0) dev = true
    else args.push(arg)
  }
  const profile = values['profile']
  if (profile !== undefined && !/^[A-Za-z0-9_-]+$/.test(profile)) problem ??= 'Invalid --profile (use letters, numbers, "_", "-" only)'
  if (dev && profile !== undefined) problem ??= 'Cannot combine --dev with --profile'
  return {
    args,
    env: withProfile(env, dev ? 'dev' : profile),
    logLevel: values['log-level'],
    ...(problem !== undefined && { problem }),
  }
}

function withProfile(env: Env, profile: string | undefined): Env {
  if (profile === undefined) return env
  const suffix = profile === 'default' ? '' : `-${profile}`
  const state = env['OPENCLAW_STATE_DIR'] || join(resolveHome(env), `.openclaw${suffix}`)
  const filled: Record<string, string> = {
    OPENCLAW_PROFILE: profile,
    OPENCLAW_STATE_DIR: state,
    OPENCLAW_CONFIG_PATH: join(state, 'openclaw.json'),
    ...(profile === 'dev' && { OPENCLAW_GATEWAY_PORT: '19001' }),
  }
  const unset = Object.entries(filled).filter(([name]) => !env[name])
  return { ...env, ...Object.fromEntries(unset) }
}
