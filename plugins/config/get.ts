import type { Offline } from '../contracts/offline.js'
import { parsePath, readPath } from './path.js'
import { redact } from './redact.js'
import { createSecretRule } from './secret-rule.js'

/** `config get <path>`: a scalar as text, anything else as JSON. Exit code 1 when there is no such value. */
export async function run(context: Offline, [path = '']: string[], options: Record<string, any>): Promise<number> {
  const parts = parsePath(path)
  const { effective, secrets } = await context.config()
  const found = readPath(effective, parts)
  if (found === undefined || found.value === undefined) {
    context.out.error(`Config path not found: ${path}`)
    return 1
  }
  const shown = redact(found.value, createSecretRule(secrets), found.keys)
  const scalar = typeof shown !== 'object' || shown === null
  if (scalar && !options['json']) context.out.print(String(shown))
  else context.out.json(shown)
  return 0
}
