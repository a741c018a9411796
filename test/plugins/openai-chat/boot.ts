import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI from 'openai'
import { definePlugin, GatewayError } from 'openclaw/plugin'
import { createTestGateway, type TestGateway } from 'openclaw/testing'
import agents from '../../../plugins/agents/index.js'
import { type CallContext, type ChatEvent, type ChatRequest, Providers } from '../../../plugins/contracts/models.js'
import http from '../../../plugins/http/index.js'
import inference from '../../../plugins/inference/index.js'
import type { ConfigInput as InferenceConfig } from '../../../plugins/inference/schema.js'
import models from '../../../plugins/models/index.js'
import openaiChat from '../../../plugins/openai-chat/index.js'
import type { ConfigInput } from '../../../plugins/openai-chat/schema.js'

export { framesOf, jsonOf } from '../../support/replies.js'

type Batches = AsyncIterable<readonly ChatEvent[]>
/** What a model does with a request. */
export type Script = (request: ChatRequest, context: CallContext) => Batches | Promise<Batches>

/** One request as the provider saw it. */
export interface Asked {
  readonly model: string
  readonly request: ChatRequest
  readonly context: CallContext
  /** When its signal fired, by `performance.now()`. */
  abortedAt: number | undefined
  /** Batches that were read. */
  read: number
}

export interface Booted {
  readonly gateway: TestGateway
  readonly client: OpenAI
  readonly asked: Asked[]
  post(body: unknown, init?: RequestInit): Promise<Response>
  close(): Promise<void>
}

/** A gateway with chat, and a provider `fake` whose models follow scripts. `main` is the default agent's model. */
export async function boot(
  scripts: Record<string, Script>,
  options: { chat?: ConfigInput; inference?: InferenceConfig; agents?: unknown } = {},
): Promise<Booted> {
  const asked: Asked[] = []
  const list = Object.keys(scripts).map((id) => ({ key: `fake/${id}`, provider: 'fake', id, kind: 'chat' as const }))
  const fake = definePlugin({
    api: 1,
    name: 'fake',
    apply: (kernel) =>
      kernel.surface(Providers).tap((providers) =>
        providers.add({
          name: 'fake',
          models: () => list,
          anyModel: false,
          async chat(model, request, context) {
            const entry: Asked = { model, request, context, abortedAt: undefined, read: 0 }
            asked.push(entry)
            context.signal.addEventListener('abort', () => (entry.abortedAt = performance.now()))
            return counted(entry, await (scripts[model] as Script)(request, context))
          },
        }),
      ),
  })
  const gateway = await createTestGateway({
    limits: { closeDrainMs: 100 },
    plugins: [
      http,
      { plugin: agents, config: options.agents ?? { defaults: { model: { primary: 'fake/main' } } } },
      models,
      fake,
      { plugin: inference, config: options.inference ?? {} },
      { plugin: openaiChat, config: options.chat ?? {} },
    ],
  })
  return {
    gateway,
    asked,
    client: new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.token, maxRetries: 0 }),
    post: (body, init = {}) =>
      gateway.fetch('/v1/chat/completions', {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...init,
        headers: { 'content-type': 'application/json', ...init.headers },
      }),
    close: () => gateway.close(),
  }
}

async function* counted(entry: Asked, batches: Batches): Batches {
  for await (const batch of batches) {
    entry.read++
    yield batch
  }
}

export const text = (value: string): ChatEvent => ({ type: 'text', text: value })
export const stop: ChatEvent = { type: 'finish', reason: 'stop' }
export const usage: ChatEvent = {
  type: 'usage',
  usage: { promptTokens: 3, completionTokens: 4, totalTokens: 7, cachedTokens: 2, reasoningTokens: 1 },
}
export const call = (index: number, name: string, args: unknown, id = `call_${index}`): ChatEvent => ({
  type: 'tool',
  index,
  id,
  name,
  arguments: JSON.stringify(args),
})

/** Answers these batches, one for each network read. */
export const says = (...batches: ChatEvent[][]): Script =>
  async function* () {
    for (const batch of batches) {
      yield batch
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

/** Fails before the upstream accepts. */
export const refuses =
  (code: string, message = `upstream said ${code}`, detail = {}): Script =>
  () => {
    throw new GatewayError(code, message, detail)
  }

/** Answers these batches, then breaks. */
export const breaks = (error: Error, ...batches: ChatEvent[][]): Script =>
  async function* () {
    yield* batches
    throw error
  }

/** Answers these batches, then nothing until its signal fires. Notices the signal only where `deaf` is false. */
export const hangs = (batches: ChatEvent[][] = [], deaf = false): Script =>
  async function* (_request, { signal }) {
    yield* batches
    await new Promise((_, reject) => {
      if (!deaf) signal.addEventListener('abort', () => reject(new Error('aborted')))
    })
  }

/** Takes so long until the upstream accepts. */
export const delays =
  (ms: number, script: Script): Script =>
  async (request, context) => {
    await sleep(ms, undefined, { signal: context.signal })
    return script(request, context)
  }

export const until = async (what: string, met: () => boolean, limitMs = 2_000) => {
  const deadline = performance.now() + limitMs
  while (!met()) {
    if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms for: ${what}`)
    await sleep(5)
  }
}
