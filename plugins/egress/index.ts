import { definePlugin, GatewayError } from 'openclaw/plugin'
import { Egress } from '../contracts/egress.js'
import { createEgress } from './egress.js'
import { type Config, schema } from './schema.js'
import { placeFrom } from './target.js'

export default definePlugin({
  api: 1,
  name: 'egress',
  schema,
  provides: [Egress],
  apply(kernel) {
    const config = kernel.config.current as Config
    const allowed = new Set(config.allow.map(place))
    const egress = createEgress({ ...config, allowed, log: kernel.log })
    kernel.provide(Egress, egress)
    kernel.defer(() => egress.close())
  },
})

function place(entry: string, index: number): string {
  const found = placeFrom(entry)
  if (found !== undefined) return found
  const path = `plugins.entries.egress.config.allow.${index}`
  const message = `"${entry}" is no host with a port. Write it like "files.internal:8080" or "[fd00::1]:443".`
  throw new GatewayError('invalid_config', message, { path, issues: [{ path, message }] })
}
