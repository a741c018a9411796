import type { Level } from 'openclaw/plugin'
import type { Assembled, Launch } from './assemble.js'
import type { ReadyState } from './inside.js'
import { logFile } from './local.js'
import { shortPath } from '../paths.js'

type Say = (level: Level, from: string, message: string) => void

/** What a start tells whoever looks at the terminal; after a reload, what of it has changed. */
export function createAnnouncer(say: Say, { paths }: Launch) {
  const said = new Map<string, string>()
  const tell = (about: string, level: Level, message: string) => {
    if (said.get(about) !== message) say(level, 'gateway', message)
    said.set(about, message)
  }
  const guide = 'local/guide'
  const help = `Set OPENAI_API_KEY or another provider's key, start Ollama, or add models.providers to ${shortPath(paths.config, paths.home)}`
  return ({ inspection, model }: ReadyState, { composed }: Assembled) => {
    // A gateway's first generation: everything is news again after a restart.
    if (inspection.generation === 1) said.clear()
    const scheme = composed.gateway.tls?.enabled ? 'wss' : 'ws'
    const urls = inspection.listening.map((address) => `${scheme}://${address}`).join(', ')
    const states = new Map(inspection.plugins.map(({ name, state, reason = '' }) => [name, { state, reason }]))
    const failed = [...states].filter(([, { state }]) => state === 'failed')
    const unwanted = [...states].filter(([name, { state }]) => state === 'off' && !composed.off.some((each) => each.name === name))
    for (const [name, { reason }] of [...failed, ...unwanted]) tell(name, 'warn', `plugin "${name}" is off: ${reason}`)
    for (const { name, reason } of composed.broken) tell(name, 'warn', `plugin "${name}" is off: ${reason}`)
    const answers = model === guide ? `${guide}, which knows the manual only. ${help}` : (model ?? `none. ${help}`)
    if (states.get('models')?.state === 'active') tell('model', 'info', `agent model: ${answers}`)
    tell('listening', 'info', `listening on ${urls} (PID ${process.pid})`)
    if (states.get('logs')?.state === 'active') tell('log file', 'info', `log file: ${logFile(composed.document, paths)}`)
  }
}
