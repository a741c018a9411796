import { after } from 'node:test'
import type { PluginUse } from 'openclaw'
import type { TestGateway, TestGatewayOptions } from 'openclaw/testing'
import { Runs, SystemEvents } from '../../../plugins/contracts/runs.js'
import { Sessions } from '../../../plugins/contracts/sessions.js'
import type { ConfigInput, MappingConfig } from '../../../plugins/hooks/schema.js'
import { bootGateway } from '../../support/gateway.js'
import { probe } from '../../support/registry.js'
import { type Reply, startUpstream, type Upstream, type UpstreamRequest } from '../../support/upstream.js'
import { enabled, hookPlugins, hookToken } from './uses.js'

export interface BootOptions extends Omit<TestGatewayOptions, 'plugins'> {
  readonly hooks?: ConfigInput
  readonly more?: readonly PluginUse[]
  /** Started by a hook of a suite, whose tests share it, and which closes it. */
  readonly shared?: boolean
  readonly respond?: (request: UpstreamRequest) => Reply | undefined | Promise<Reply | undefined>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Undefined when the text is no JSON. */
  readonly json: any
}

export interface Booted {
  readonly gateway: TestGateway
  readonly upstream: Upstream
  readonly runs: Runs
  readonly sessions: Sessions
  readonly events: SystemEvents
  /** Post to a path, with the token of the hooks unless headers say otherwise. An object is sent as JSON. */
  post(path: string, body?: unknown, headers?: Record<string, string>, init?: RequestInit): Promise<Answer>
  /** Reload with this section in place of the one before; `more` in place of those. */
  reload(config: ConfigInput, more?: readonly PluginUse[]): Promise<unknown>
  /** What the model was asked last by each run so far, oldest first. */
  asked(): string[]
  /** Every run that began has ended. */
  settled(): Promise<void>
  /** What an operator would see in the log at these levels. */
  logged(...levels: string[]): string[]
  close(): Promise<void>
}

export const answerOf = async (response: Response): Promise<Answer> => {
  const text = await response.text()
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  return { status: response.status, headers: response.headers, text, json }
}

/** A gateway with hooks over sockets. */
export async function boot({
  hooks: config = enabled(),
  more = [],
  respond,
  shared = false,
  ...options
}: BootOptions = {}): Promise<Booted> {
  const upstream = await startUpstream(respond ? { respond } : {})
  const seen = { runs: probe(Runs), sessions: probe(Sessions, 'probe-sessions'), events: probe(SystemEvents, 'probe-events') }
  const probes = [seen.runs.plugin, seen.sessions.plugin, seen.events.plugin]
  const uses = (section: ConfigInput, others: readonly PluginUse[]) => [...hookPlugins(upstream.baseUrl, section), ...probes, ...others]
  const gateway = await bootGateway({ limits: { closeDrainMs: 1_000, drainMs: 5_000 } as never, ...options, plugins: uses(config, more) })
  const { url } = gateway
  let closed: Promise<void> | undefined
  const close = () =>
    (closed ??= gateway
      .close()
      .then(() => upstream.close())
      .then(() => undefined))
  // A test that failed before its end would keep the process.
  if (!shared) after(close)
  return {
    gateway,
    upstream,
    get runs() {
      return seen.runs.current
    },
    get sessions() {
      return seen.sessions.current
    },
    get events() {
      return seen.events.current
    },
    async post(path, body, headers = {}, init = {}) {
      const sent = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
      return answerOf(
        await fetch(url + path, {
          method: 'POST',
          ...(sent !== undefined && { body: sent as NonNullable<RequestInit['body']> }),
          headers: { authorization: `Bearer ${hookToken}`, ...headers },
          ...init,
        }),
      )
    },
    reload: (section, others = more) => gateway.reload({ plugins: uses(section, others) }),
    asked: () => upstream.requests.filter(({ path }) => path === '/v1/chat/completions').map(({ body }) => body.messages.at(-1).content),
    async settled() {
      for (let active = [...seen.runs.current.active()]; active.length > 0; active = [...seen.runs.current.active()])
        await Promise.all(active.map(({ done }) => done))
      // Whoever waits for the end of a run hears of it right after.
      await new Promise((resolve) => setImmediate(resolve))
    },
    logged: (...levels) => gateway.log.filter(({ level }) => levels.includes(level)).map(({ message }) => message),
    close,
  }
}

/** One mapping below `/hooks/in` that runs an agent with the payload's text. */
export const mapped = (mapping: MappingConfig = {}): ConfigInput =>
  enabled({ mappings: [{ id: 'in', match: { path: 'in' }, messageTemplate: '{{text}}', ...mapping }] })

/** What stands in the frame of a text from outside; undefined where there is none. */
export const inFrame = (text: string): string | undefined =>
  /^=== outside text ([\w-]{12}) ===\n([\s\S]*)\n=== end of outside text \1 ===$/m.exec(text)?.[2]
