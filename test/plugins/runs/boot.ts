import assert from 'node:assert/strict'
import type { Plugin } from 'openclaw'
import type { TestGateway, TestGatewayOptions } from 'openclaw/testing'
import agents from '../../../plugins/agents/index.js'
import chat from '../../../plugins/chat/index.js'
import { Runs, SystemEvents } from '../../../plugins/contracts/runs.js'
import { Sessions } from '../../../plugins/contracts/sessions.js'
import inference from '../../../plugins/inference/index.js'
import models from '../../../plugins/models/index.js'
import openaiChat from '../../../plugins/openai-chat/index.js'
import providerOpenai from '../../../plugins/provider-openai/index.js'
import runs from '../../../plugins/runs/index.js'
import sessions from '../../../plugins/sessions/index.js'
import store from '../../../plugins/store/index.js'
import wsProtocol from '../../../plugins/ws-protocol/index.js'
import { bootGateway } from '../../support/gateway.js'
import { memoryDevices } from '../../support/memory-devices.js'
import { type ConnectOptions, connectOperator, type Event, type Wire } from '../../support/operator.js'
import { probe } from '../../support/registry.js'
import { type Reply, startUpstream, type Upstream, type UpstreamRequest } from '../../support/upstream.js'

export interface BootOptions extends Omit<TestGatewayOptions, 'plugins'> {
  readonly agents?: Record<string, unknown>
  readonly respond?: (request: UpstreamRequest) => Reply | undefined | Promise<Reply | undefined>
  readonly inference?: Record<string, unknown>
  readonly more?: readonly Plugin[]
}

export interface Booted {
  readonly gateway: TestGateway
  readonly upstream: Upstream
  readonly runs: Runs
  readonly sessions: Sessions
  readonly events: SystemEvents
  /** An operator with every scope. */
  readonly wire: Wire
  another(options?: ConnectOptions): Promise<Wire>
  /** Replace these plugins by new instances; `more` come last. */
  replace(names: readonly string[], more?: readonly Plugin[]): Promise<void>
  close(): Promise<void>
}

/** Model ids of the provider `up`, which is the fake upstream. */
const ids = ['echo', 'slow', 'hang', 'stall', 'endless', 'overloaded', 'status-400', 'status-500', 'cut', 'tools', 'vision', 'small']

/** A gateway with all that runs need, over sockets. The default model is `up/echo`. */
export async function boot({
  agents: people,
  respond,
  inference: inferenceConfig = {},
  more = [],
  ...options
}: BootOptions = {}): Promise<Booted> {
  const upstream = await startUpstream(respond ? { respond } : {})
  const seen = { runs: probe(Runs), sessions: probe(Sessions, 'probe-sessions'), events: probe(SystemEvents, 'probe-events') }
  const list = ids.map((id) => ({
    id,
    input: id === 'vision' ? ['text', 'image'] : ['text'],
    ...(id === 'small' && { contextWindow: 400 }),
  }))
  const uses = [
    { plugin: agents, config: people ?? { defaults: { model: 'up/echo' } } },
    models,
    { plugin: providerOpenai, config: { up: { baseUrl: upstream.baseUrl, models: list } } },
    store,
    sessions,
    runs,
    wsProtocol,
    memoryDevices().plugin,
    chat,
    { plugin: inference, config: inferenceConfig },
    { plugin: openaiChat, config: {} },
    seen.runs.plugin,
    seen.sessions.plugin,
    seen.events.plugin,
    ...more,
  ]
  const gateway = await bootGateway({ limits: { closeDrainMs: 1_000, drainMs: 5_000 }, ...options, plugins: uses as never })
  const { inspect } = gateway
  const failed = inspect().plugins.filter(({ state }) => state !== 'active')
  assert.deepEqual(failed, [])
  const another = (how: ConnectOptions = {}) => connectOperator(gateway.url, { token: gateway.token, ...how })
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
    wire: await another(),
    another,
    async replace(names, added = []) {
      const fresh = uses.map((use: any) => {
        const { name } = use.plugin ?? use
        if (!names.includes(name)) return use
        return use.plugin ? { ...use, plugin: { ...use.plugin } } : { ...use }
      })
      await gateway.reload({ plugins: [...fresh, ...added] })
    },
    async close() {
      await gateway.close()
      await upstream.close()
    },
  }
}

/** A reply that takes two seconds, a word at a time: enough to be in the middle of it. */
export const lengthy: Reply = { text: 'word '.repeat(200), chunks: 200, chunkDelayMs: 10 }

/** A promise and its end. */
export function gate() {
  let open!: () => void
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}

export const lastText = ({ body }: UpstreamRequest): string => {
  const { content } = body.messages.at(-1)
  return typeof content === 'string' ? content : content.map((part: any) => part.text ?? '').join('')
}

export const until = async (what: string, met: () => boolean, limitMs = 5_000) => {
  const deadline = performance.now() + limitMs
  while (!met()) {
    if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Events of one run that this connection heard, in order. */
export const eventsOf = (wire: Wire, runId: string, name?: string): Event[] =>
  wire.frames.filter(
    (frame): frame is Event => frame.type === 'event' && frame.payload?.runId === runId && (name === undefined || frame.event === name),
  )

/** Roles and texts of a transcript. */
export const said = (sessions: Sessions, key: string): string[] =>
  sessions.messages(key, 1_000).map(({ message }) => {
    const text = message.content.map((block) => (block.type === 'text' ? block.text : `<${block.type}>`)).join('')
    return `${message.role}: ${text}`
  })
