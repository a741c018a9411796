import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { definePlugin } from 'openclaw/plugin'
import { createConfiguration } from '../../../cli/gateway/configuration.js'
import config from '../../../plugins/config/index.js'
import { Configuration } from '../../../plugins/contracts/configuration.js'
import { bootControl, type ControlOptions } from '../../support/control.js'
import { connectOperator } from '../../support/operator.js'

const homes: string[] = []
after(() => {
  for (const home of homes) rmSync(home, { recursive: true, force: true })
})

/** A gateway that shows the configuration file of a home of its own, as one started by the CLI does. */
export async function bootWithFile(
  text: string | undefined,
  env: Record<string, string> = {},
  { plugins = [], ...more }: ControlOptions = {},
) {
  const home = mkdtempSync(join(tmpdir(), 'config-methods-'))
  homes.push(home)
  const path = join(home, 'openclaw.json')
  const write = (now: string) => writeFileSync(path, now, { mode: 0o600 })
  if (text !== undefined) write(text)
  const paths = { home, state: home, config: path }
  const configuration = createConfiguration({ env, paths, flags: { auth: {} } } as never)
  const host = definePlugin({
    api: 1,
    name: 'host',
    provides: [Configuration],
    apply: (kernel) => kernel.provide(Configuration, configuration),
  })
  const control = await bootControl({ ...more, plugins: [config, host, ...plugins], paths: { state: home, config: path } })
  const as = (...scopes: string[]) => connectOperator(control.url, { token: control.token, scopes })
  return { control, path, write, as, configuration }
}
