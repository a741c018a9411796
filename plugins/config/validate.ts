import type { LoadedConfig, Offline } from '../contracts/offline.js'
import { shortPath } from './path.js'

/** `config validate`: exit code 0 when the gateway and every plugin accept their sections. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const { out, paths } = context
  const config = await context.config()
  const place = shortPath(config.path, paths.home)
  if (options['json']) return printJson(context, config)
  if (!config.exists) {
    out.error(`Config file not found: ${place}`)
    return 1
  }
  if (config.warnings.length > 0) out.error('Config warnings:')
  for (const { path, message } of config.warnings) out.error(`- ${path || '<root>'}: ${message}`)
  if (config.issues.length === 0) {
    out.print(`Config valid: ${place}`)
    return 0
  }
  out.error(`Config invalid at ${place}:`)
  for (const { path, message, line } of config.issues)
    out.error(`  × ${path || '<root>'}: ${message}${line === undefined ? '' : ` (line ${line})`}`)
  out.error('')
  out.error('Run `openclaw doctor` to repair, or fix the keys above manually.')
  return 1
}

function printJson({ out }: Offline, { path, exists, issues }: LoadedConfig): number {
  const valid = exists && issues.length === 0
  if (valid) out.print(JSON.stringify({ valid, path }))
  else if (!exists) out.print(JSON.stringify({ valid, path, error: 'file not found' }))
  else
    out.json({
      valid,
      path,
      issues: issues.map(({ path: where, message, line, allowedValues }) => ({
        path: where || '<root>',
        message,
        ...(line !== undefined && { line }),
        ...(allowedValues && { allowedValues }),
      })),
    })
  return valid ? 0 : 1
}
