import { type LoadedFile, loadConfig } from 'openclaw/config'
import { GatewayError, messageOf } from 'openclaw/plugin'
import { type Assembled, assemble, type Launch, misplacedCredentials } from './assemble.js'
import { generateToken } from './auth.js'
import { configVariables, readEnvironment } from '../config/environment.js'
import { reportFailure } from '../failure.js'
import { prepareFirstStart, saveToken } from './first-start.js'
import { checkEarlyFlags, readFlags, type RunFlags } from './flags.js'
import { acquireLock, type Release } from './lock.js'
import type { Output } from '../output.js'
import { type Env, type Paths, shortPath } from '../paths.js'
import { freePort } from './ports.js'
import { isSupervised } from './process.js'
import { serve } from './serve.js'

export interface RunContext {
  /** The process environment, with what `--profile` filled in. */
  readonly env: Env
  readonly paths: Paths
  readonly out: Output
  readonly logLevel: string | undefined
}

const usage = (message: string) => new GatewayError('usage', message)
const defaultPort = 18_789

/** `openclaw gateway [run]`: check everything, then serve until a signal. Answers the exit code. */
export async function runGateway(options: Record<string, any>, context: RunContext): Promise<number> {
  const { paths, out } = context
  const dev = Boolean(options['dev']) || context.env['OPENCLAW_PROFILE'] === 'dev'
  const reset = Boolean(options['reset'])
  let port: number | undefined
  try {
    checkEarlyFlags(options, dev)
    const env = await readEnvironment(context.env, paths.state)
    const read = () => loadConfig(paths.config, configVariables(env))
    const file = await read()
    const launch: Launch = { flags: await readFlags(options, env, out.error), env, paths }
    const { flags } = launch
    // An unreadable file is only replaced by somebody who asked for that.
    const first = reset || (!file.exists && !flags.allowUnconfigured)
    const checked = first ? undefined : await assemble(file, launch, false)
    if (checked) checkStart(file, checked, flags)
    else if (!dev && isSupervised(env, process.stdin.isTTY))
      throw usage('Missing config. Run `openclaw setup` or set gateway.mode=local (or pass --allow-unconfigured).')
    port = checked?.options.gateway?.port ?? flags.port ?? defaultPort
    if (flags.force) await force(port, out)
    const release = await takeLock(paths, env, out)
    process.once('exit', release)
    try {
      if (first) await prepareFirstStart({ paths, env, flags, out, dev, reset })
      const assembled = first ? await assemble(await read(), launch, false) : (checked as Assembled)
      if (first) checkStart(assembled.file, assembled, flags)
      return await serve(await withToken(assembled, launch, out), context)
    } finally {
      process.off('exit', release)
      release()
    }
  } catch (error) {
    return reportFailure(error, port, context)
  }
}

/** What the configuration must say before anything is opened. */
function checkStart(file: LoadedFile, { options }: Assembled, flags: RunFlags) {
  const mode = file.document['gateway']?.mode
  if (mode !== 'local' && !flags.allowUnconfigured)
    throw usage(`Gateway start blocked: set gateway.mode=local (current: ${mode ?? 'unset'}) or pass --allow-unconfigured.`)
  const { bind = 'loopback', customBindHost = '', auth } = options.gateway ?? {}
  const open = bind === 'lan' || (bind === 'custom' && !customBindHost.startsWith('127.'))
  if (open && auth?.mode === 'none')
    throw usage(
      [
        `Refusing to bind gateway to ${bind} without auth.`,
        'Set gateway.auth.token/gateway.auth.password (or OPENCLAW_GATEWAY_TOKEN/OPENCLAW_GATEWAY_PASSWORD), or pass --token/--password.',
        ...misplacedCredentials(file.document),
      ].join('\n'),
    )
}

async function force(port: number, out: Output) {
  try {
    await freePort(port, out.print)
  } catch (error) {
    throw usage(`Force: ${error}`)
  }
}

const supervisedRetryMs = 5_000

/** Under a service manager a second instance waits for its turn; by hand it is told who is first. */
async function takeLock(paths: Paths, env: Env, out: Output): Promise<Release> {
  if (env['OPENCLAW_ALLOW_MULTI_GATEWAY'] === '1') return () => undefined
  for (;;) {
    try {
      return await acquireLock(paths)
    } catch (error) {
      if (!isSupervised(env, process.stdin.isTTY) || (error as GatewayError).code !== 'lock_held') throw error
      out.error(`gateway already running under a supervisor; waiting ${supervisedRetryMs}ms before retrying startup`)
      await new Promise((resolve) => setTimeout(resolve, supervisedRetryMs))
    }
  }
}

/** Token mode without a token anywhere: make one, and keep it in the file where that is wanted and possible. */
async function withToken(assembled: Assembled, launch: Launch, out: Output): Promise<{ assembled: Assembled; launch: Launch }> {
  const { missingToken, file } = assembled
  if (missingToken === undefined) return { assembled, launch }
  const token = generateToken()
  if (missingToken === 'persist' && file.exists) {
    try {
      await saveToken(file, token)
      out.print(
        'Gateway auth token was missing. Generated a new token and saved it to config (gateway.auth.token).\n' +
          `It is in ${shortPath(launch.paths.config, launch.paths.home)}.`,
      )
      const saved = await loadConfig(launch.paths.config, configVariables(launch.env))
      return { assembled: await assemble(saved, launch, false), launch }
    } catch (error) {
      out.error(`Could not save a token to the configuration: ${messageOf(error)}`)
    }
  }
  out.error(
    'Gateway auth token was missing. Generated one for this run only; a restart will create a different one. ' +
      'Set gateway.auth.token or OPENCLAW_GATEWAY_TOKEN to keep it.',
  )
  // Nobody could use a token that is shown nowhere. It goes to the terminal alone, not through the log.
  out.print(`Gateway token of this run: ${token}`)
  const kept = { ...launch, flags: { ...launch.flags, auth: { ...launch.flags.auth, token } } }
  return { assembled: await assemble(file, kept, false), launch: kept }
}
