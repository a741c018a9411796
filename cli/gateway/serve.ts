import { mkdir } from 'node:fs/promises'
import type { Level } from 'openclaw/plugin'
import { createAnnouncer } from './announce.js'
import type { Assembled, Launch } from './assemble.js'
import { issueText } from '../config/check.js'
import { type ConsoleSettings, createConsole, isConsoleLevel } from './console.js'
import { runHost } from './host.js'
import { createConfiguration } from './configuration.js'
import type { RunContext } from './run.js'

/** Set the process up, say what is served, and run the gateway until it ends. */
export async function serve(
  { assembled, launch }: { assembled: Assembled; launch: Launch },
  { env, logLevel }: RunContext,
): Promise<number> {
  // Shorter in process listings, and hides what the command line held.
  process.title = 'openclaw-gateway'
  // Nothing is ever resolved from the folder it happened to be started in.
  await mkdir(launch.paths.state, { recursive: true, mode: 0o700 })
  process.chdir(launch.paths.state)
  // A reader of the output that goes away is no reason to stop serving.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  const settings: ConsoleSettings = { level: 'info', style: 'pretty' }
  const sink = createConsole(settings)
  const say = (level: Level, from: string, message: string) => sink({ time: Date.now(), level, from, message })
  const fixedLevel = launch.flags.verbose ? 'debug' : [logLevel, env['OPENCLAW_LOG_LEVEL']].find(isConsoleLevel)
  const wrong = env['OPENCLAW_LOG_LEVEL']
  if (wrong && !isConsoleLevel(wrong))
    process.stderr.write(`[openclaw] Ignoring invalid OPENCLAW_LOG_LEVEL="${wrong}" (allowed: silent|fatal|error|warn|info|debug|trace).\n`)
  let warned: string[] = []
  const showAs = (next: Assembled) => {
    const { consoleLevel, consoleStyle } = (next.composed.document['logging'] ?? {}) as Record<string, unknown>
    settings.level = fixedLevel ?? [consoleLevel].find(isConsoleLevel) ?? 'info'
    settings.style = styles.find((style) => style === consoleStyle) ?? 'pretty'
    const texts = [...next.file.warnings, ...next.composed.warnings].map(issueText)
    for (const text of texts) if (!warned.includes(text)) say('warn', 'config', text)
    warned = texts
  }
  showAs(assembled)
  return runHost(launch, assembled, { sink, showAs, ready: createAnnouncer(say, launch), configuration: createConfiguration(launch) })
}

const styles = ['pretty', 'compact', 'json'] as const
