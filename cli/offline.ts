import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from 'openclaw/config'
import { GatewayError } from 'openclaw/plugin'
import type { KnownPlugin, Offline, RpcSettings } from '../plugins/contracts/offline.js'
import { sectionPath } from './config/document-schema.js'
import { configVariables, readEnvironment } from './config/environment.js'
import { type CheckedFile, checkFile } from './config/checked-file.js'
import type { Output } from './output.js'
import type { Env, Paths } from './paths.js'
import type { Selection } from './config/select.js'
import type { Place } from './rpc/target.js'
import type { SqlDriver } from '../plugins/contracts/store.js'
import { standard } from './standard.js'

/** What commands work with. The configuration is read once, when the first of them asks for it. */
export function createOffline({ env, paths, version, out }: { env: Env; paths: Paths; version: string; out: Output }): Offline {
  let reading: Promise<CheckedFile> | undefined
  const read = () => (reading ??= readChecked(env, paths))
  /** Where to, with what. */
  const aim = async ({ url, token, password }: Record<string, any>, { as, at, credentials: policy = 'required' }: RpcSettings = {}) => {
    const [{ resolvePlace }, { chooseCredentials }] = await Promise.all([import('./rpc/target.js'), import('./rpc/credentials.js')])
    const { composed, env: variables } = await read()
    const { gateway } = composed
    const secrets = { env: variables, home: paths.home, secrets: composed.own.secrets }
    const place: Place = resolvePlace(gateway, variables, { flag: url, at })
    const credentials = await chooseCredentials(gateway, secrets, { place, flags: { token, password }, probe: as === 'probe', policy })
    return { gateway, secrets, paths, place, credentials }
  }
  return {
    version,
    paths,
    out,
    config: async () => (await read()).config,
    plugins: async () => listPlugins((await read()).selection),
    async request(path, timeoutMs = 10_000) {
      const { requestGateway } = await import('./request.js')
      return requestGateway(path, { ...(await aim({})), timeoutMs })
    },
    async rpc(flags, work, settings = {}) {
      const timeoutMs = settings.timeoutMs ?? readTimeout(flags)
      const [{ withRpc }, aimed] = await Promise.all([import('./rpc/connect.js'), aim(flags, settings)])
      return withRpc({ ...aimed, version, settings, timeoutMs, tell: out.error }, work)
    },
    async target(flags, settings = {}) {
      const { describePlace } = await import('./rpc/target.js')
      const { place, gateway, credentials } = await aim(flags, settings)
      const kinds = (['token', 'password'] as const).filter((kind) => credentials[kind] !== undefined)
      return { ...place, detail: describePlace(place, gateway, paths), credentials: kinds, unresolved: credentials.unresolved }
    },
    async local() {
      const { describeLocal } = await import('./gateway/local.js')
      const { composed, env: variables } = await read()
      return describeLocal(composed, variables, paths)
    },
    async readDatabase(name, work) {
      const path = join(paths.state, `${name}.sqlite`)
      if (!existsSync(path)) return undefined
      const driver = await openBeside(path, true)
      try {
        return await work((text) => driver.prepare(text))
      } finally {
        driver.close()
      }
    },
    openDatabase: (path) => openBeside(path, false),
    async port(port) {
      const { inspectPort } = await import('./gateway/ports.js')
      return inspectPort(port)
    },
  }
}

async function readChecked(processEnv: Env, paths: Paths): Promise<CheckedFile> {
  const env = await readEnvironment(processEnv, paths.state)
  return checkFile(await loadConfig(paths.config, configVariables(env)), env, paths)
}

/** The driver belongs to the plugin that keeps the databases. */
async function openBeside(path: string, readOnly: boolean): Promise<SqlDriver> {
  for (const { name, manifest } of standard) {
    if (name !== 'store' || !manifest) continue
    const { databases } = (await manifest()).manifest
    if (databases) return (await databases()).openBeside(path, readOnly)
  }
  throw new GatewayError('store_failed', `Nothing here can open ${path}.`)
}

function readTimeout({ timeout = 10_000 }: Record<string, any>): number {
  const ms = Number(timeout)
  if (Number.isInteger(ms) && ms > 0 && ms <= 2_147_483_647) return ms
  throw new GatewayError('usage', 'Invalid --timeout (use a number of milliseconds)')
}

const listPlugins = ({ chosen, off }: Selection): KnownPlugin[] => [
  ...chosen.map(({ plugin, origin, section, source }) => ({
    name: plugin.name,
    origin,
    enabled: true,
    section: sectionPath(section),
    source,
  })),
  ...off.map(({ name, origin, section, source, reason }) => ({
    name,
    origin,
    enabled: false,
    reason,
    section: sectionPath(section),
    source,
  })),
]
