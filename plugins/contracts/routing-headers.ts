import type { IncomingMessage } from 'node:http'
import type { Call } from './http.js'
import type { ModelSelector } from './models.js'

/** A request header as it counts: trimmed; undefined when absent or blank. */
export function header({ headers }: Pick<IncomingMessage, 'headers'>, name: string): string | undefined {
  const value = headers[name]
  const text = typeof value === 'string' ? value.trim() : ''
  return text === '' ? undefined : text
}

/** The agent that a request names in its headers. */
export const agentHeader = (req: Pick<IncomingMessage, 'headers'>): string | undefined =>
  header(req, 'x-openclaw-agent-id') ?? header(req, 'x-openclaw-agent')

/** What a request names, for `Models.route`. `model` is the body's. */
export const selectorOf = (req: IncomingMessage, { principal }: Call, model: unknown, kind: ModelSelector['kind']): ModelSelector => ({
  model,
  agent: agentHeader(req),
  override: header(req, 'x-openclaw-model'),
  session: header(req, 'x-openclaw-session-key'),
  principal,
  kind,
})
