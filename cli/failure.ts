import { GatewayError, type Issue, messageOf } from 'openclaw/plugin'
import { issueText } from './config/check.js'
import type { Output } from './output.js'
import { type Paths, shortPath } from './paths.js'
import { diagnosePort } from './gateway/ports.js'

/** The block that says what is wrong with a configuration file. */
export function printGuard(out: Output, paths: Paths, issues: readonly Issue[]) {
  for (const { message } of issues) {
    const [, reason] = /^JSON5 parse failed: (.*)$/.exec(message) ?? []
    if (reason) out.error(`Failed to read config at ${paths.config} ${reason}`)
  }
  out.error('Config invalid')
  out.error(`File: ${shortPath(paths.config, paths.home)}`)
  out.error('Problem:')
  for (const issue of issues) out.error(`  - ${issueText(issue)}${issue.line === undefined ? '' : ` (line ${issue.line})`}`)
  out.error('')
  out.error('Run: openclaw doctor --fix')
}

/** Say why the gateway did not start. Answers the exit code. */
export async function reportFailure(
  thrown: unknown,
  port: number | undefined,
  { out, paths }: { out: Output; paths: Paths },
): Promise<number> {
  const { code, issues } = thrown instanceof GatewayError ? thrown : { code: 'internal', issues: [] }
  const message = messageOf(thrown)
  if (code === 'invalid_file') printGuard(out, paths, issues)
  else if (code === 'usage' || code === 'unknown_plugin') out.error(message)
  else if (code === 'auth' && !message.startsWith('Invalid config')) out.error(message)
  else if (code === 'lock_held' || code === 'port_taken' || code === 'bind_failed') {
    out.error(`Gateway failed to start: ${message}`)
    out.error('If the gateway is supervised, stop it with: openclaw gateway stop')
    const lines = port === undefined || code === 'bind_failed' ? [] : await diagnosePort(port)
    for (const line of lines.length > 1 ? lines : []) out.error(line)
  } else if (code === 'secret_unavailable')
    out.error(`Gateway failed to start: Error: Startup failed: required secrets are unavailable. SecretRefResolutionError: ${message}`)
  else {
    const reasons = issues.length > 0 ? issues.map((issue) => issue.message).join('; ') : message
    out.error(`Gateway failed to start: Error: ${reasons}`)
  }
  return 1
}
