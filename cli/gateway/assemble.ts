import type { GatewayOptions } from 'openclaw'
import type { LoadedFile } from 'openclaw/config'
import { GatewayError, type Issue } from 'openclaw/plugin'
import { type AuthDecision, decideAuth } from './auth.js'
import { checkKernel, locate } from '../config/check.js'
import { discoverProviders } from './discover.js'
import { type Composed, composeDocument } from '../config/document.js'
import { configVariables } from '../config/environment.js'
import type { RunFlags } from './flags.js'
import type { Env, Paths } from '../paths.js'
import { isRecord, valueAt, withValue } from '../config/sections.js'
import { createSecretResolver, type SecretContext } from '../secrets/resolver.js'
import { selectPlugins } from '../config/select.js'
import { loadTls } from './tls.js'

/** What stays the same for the life of the process. */
export interface Launch {
  readonly flags: RunFlags
  /** The process environment, and `.env` of the state directory. */
  readonly env: Env
  readonly paths: Paths
}

/** A configuration file, made into what a gateway is created from. */
export interface Assembled {
  readonly file: LoadedFile
  readonly composed: Composed
  readonly options: Pick<GatewayOptions, 'plugins' | 'gateway' | 'limits' | 'paths' | 'off'>
  readonly secrets: SecretContext
  readonly missingToken: AuthDecision['missingToken']
}

/** Why a file cannot be run: thrown by `assemble`, with every issue located. */
export const invalidFile = (issues: readonly Issue[]) =>
  new GatewayError('invalid_file', issues.map(({ path, message }) => `${path}: ${message}`).join('; '), {
    issues: [...issues],
  })

/**
 * From a loaded file to options. Unknown keys of a plugin's own section are left to `strict`: at boot that plugin is off,
 * on a reload the file is refused. Throws `invalid_file`, `auth`, `secret_unavailable`, `tls`, `unknown_plugin`.
 */
export async function assemble(file: LoadedFile, launch: Launch, strict: boolean): Promise<Assembled> {
  if (file.issues.length > 0) throw invalidFile(file.issues)
  const { flags, paths } = launch
  const document = withFlags(file.document, flags)
  const env = configVariables(launch.env)(document) as Env
  const configured = valueAt(document, 'models.providers')
  const [selection, found] = await Promise.all([
    selectPlugins(document, paths, flags.plugins),
    discoverProviders(env, new Set(Object.keys(isRecord(configured) ? configured : {}))),
  ])
  const composed = composeDocument(withProviders(document, found), selection)
  const issues = [...(await checkKernel(composed)).issues, ...composed.issues.filter(({ plugin }) => strict && plugin)]
  if (issues.length > 0) throw invalidFile(issues.map((issue) => locate(issue, file)))
  const secrets = { env, home: paths.home, secrets: composed.own.secrets }
  const { gateway } = composed
  const { auth, missingToken } = await decideAuth(
    gateway.auth,
    env,
    flags.auth,
    createSecretResolver(() => secrets),
  )
  const tls = gateway.tls && (await loadTls(gateway.tls, paths))
  const options = {
    plugins: composed.plugins,
    gateway: { ...gateway, auth, ...(tls && { tls }) },
    limits: composed.limits,
    paths: { state: paths.state, config: paths.config },
    off: composed.off,
  }
  return { file, composed, options, secrets, missingToken }
}

/** Credentials that are written where they do nothing: the likely reason why one is missing. */
export function misplacedCredentials({ gateway }: Readonly<Record<string, any>>): string[] {
  return [
    ...(gateway?.token === undefined ? [] : ['Found "gateway.token" in config. Use "gateway.auth.token" instead.']),
    ...(gateway?.remote?.token === undefined
      ? []
      : ['"gateway.remote.token" is for remote CLI calls; it does not enable local gateway auth.']),
  ]
}

/** The command line wins over the file, also where plugins look at the document. */
function withFlags(document: Readonly<Record<string, any>>, { port, bind, auth }: RunFlags) {
  if (document['gateway'] !== undefined && !isRecord(document['gateway'])) return document
  const set: (readonly [path: string[], value: unknown])[] = [
    [['gateway', 'port'], port],
    [['gateway', 'bind'], bind],
    [['gateway', 'auth', 'mode'], auth.mode],
  ]
  return set.reduce((now, [path, value]) => (value === undefined ? now : withValue(now, path, value)), document)
}

function withProviders(document: Readonly<Record<string, any>>, found: Record<string, unknown>) {
  const usable = [valueAt(document, 'models'), valueAt(document, 'models.providers')].every(
    (value) => value === undefined || isRecord(value),
  )
  if (!usable) return document
  return Object.entries(found).reduce((now, [name, entry]) => withValue(now, ['models', 'providers', name], entry), document)
}
