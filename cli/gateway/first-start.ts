import { join } from 'node:path'
import { type LoadedFile, loadConfig } from 'openclaw/config'
import { GatewayError } from 'openclaw/plugin'
import { generateToken } from './auth.js'
import { writeDurably } from '../config/durable.js'
import { setInText } from '../config/edit.js'
import type { RunFlags } from './flags.js'
import type { Output } from '../output.js'
import { type Env, type Paths, shortPath } from '../paths.js'

interface FirstStart {
  readonly paths: Paths
  readonly env: Env
  readonly flags: RunFlags
  readonly out: Output
  readonly dev: boolean
  /** Write it although there is one. */
  readonly reset: boolean
}

/**
 * Write the configuration of a first start and say where it and its token are. With a credential on the command line or
 * in the environment none is made: that one is meant.
 */
export async function prepareFirstStart({ paths, env, flags, out, dev, reset }: FirstStart): Promise<void> {
  // Another start may have written it while this one waited for the lock.
  if (!reset && (await loadConfig(paths.config)).exists) return
  const { mode = 'token', token: ownToken, password } = flags.auth
  const given = ownToken ?? password ?? env['OPENCLAW_GATEWAY_TOKEN'] ?? env['OPENCLAW_GATEWAY_PASSWORD']
  const token = mode === 'token' && !given ? generateToken() : undefined
  // The mode stays open where a password in the environment decides it.
  const auth = token === undefined ? {} : { auth: { mode: 'token', token } }
  const document = dev ? devConfig(auth, devWorkspace(paths.home, env['OPENCLAW_PROFILE'])) : { gateway: { mode: 'local', ...auth } }
  await writeDurably(paths.config, `${JSON.stringify(document, null, 2)}\n`)
  const place = shortPath(paths.config, paths.home)
  out.print(dev ? `Dev config ready: ${place}` : `No configuration found: wrote ${place} (gateway.mode local).`)
  if (token !== undefined) out.print(`A new gateway token is in it at gateway.auth.token: clients send it as their bearer token.`)
}

/** Apart from the workspace of everyday use. */
function devWorkspace(home: string, profile = 'default'): string {
  const name = profile === 'default' ? 'workspace' : `workspace-${profile}`
  return join(home, '.openclaw', profile === 'dev' ? name : `${name}-dev`)
}

const devConfig = (auth: object, workspace: string) => ({
  gateway: { mode: 'local', bind: 'loopback', ...auth },
  agents: {
    defaults: { workspace, skipBootstrap: true },
    list: [{ id: 'dev', default: true, identity: { name: 'C3-PO', theme: 'protocol droid', emoji: '🤖' } }],
  },
})

/** Write a generated token into the file it is missing from, and nothing else. Throws `config_edit` when the file changed since it was read. */
export async function saveToken(file: LoadedFile, token: string): Promise<void> {
  if (!file.tree) throw new GatewayError('config_edit', `${file.path} is not a JSON5 file.`)
  const now = await loadConfig(file.path)
  if (now.hash !== file.hash) throw new GatewayError('config_edit', `${file.path} changed meanwhile.`)
  await writeDurably(file.path, setInText(file.text, ['gateway', 'auth', 'token'], token))
}
