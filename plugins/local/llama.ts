import { basename } from 'node:path'
import { GatewayError } from 'openclaw/plugin'
import { orAborted } from '../contracts/cancellation.js'
import type { CallContext, ChatEvent, ChatRequest } from '../contracts/models.js'
import type { ChatHistoryItem, LlamaModel, LlamaPackage } from './llama-package.js'
import { estimatedUsage, textOf } from './messages.js'
import { createPipe, type Pipe } from './pipe.js'
import type { Gguf } from './schema.js'

export interface LlamaOptions {
  readonly gguf: Gguf
  readonly threads: number
  readonly idleMs: number
  /** Imports `node-llama-cpp`. */
  load(): Promise<LlamaPackage>
}

/** A chat model in a file of the user's: loaded by the first chat, one chat at a time, let go when unused. */
export interface Llama {
  /** The file's name without its ending. */
  readonly id: string
  /** Errors: `unsupported_parameter`, `upstream_overloaded`, `upstream_unavailable`, `upstream_error`. */
  chat(request: ChatRequest, context: CallContext): Promise<AsyncIterable<readonly ChatEvent[]>>
  close(): Promise<void>
}

interface Loaded {
  readonly package: LlamaPackage
  readonly model: LlamaModel
  dispose(): Promise<void>
}

const maxWaiting = 16
export const llamaCommand = 'npm install node-llama-cpp@3.22.1'

export const llamaId = (path: string) =>
  basename(path)
    .replace(/\.gguf$/i, '')
    .replace(/[^\x21-\x7e]/g, '-')
    .slice(0, 100)

export function createLlama({ gguf, threads, idleMs, load }: LlamaOptions): Llama {
  let loaded: Promise<Loaded> | undefined
  let turn: Promise<unknown> = Promise.resolve()
  let unfinished = 0
  let timer: NodeJS.Timeout | undefined
  const id = llamaId(gguf.path)

  async function open(): Promise<Loaded> {
    const llamaPackage = await load().catch((cause: unknown) => {
      throw new GatewayError(
        'upstream_unavailable',
        `Model 'local/${id}' needs node-llama-cpp. Add it beside the gateway: ${llamaCommand}`,
        { cause },
      )
    })
    try {
      // Never a build or a download: only what the package brought.
      const llama = await llamaPackage.getLlama({ build: 'never', gpu: false, maxThreads: threads })
      const model = await llama.loadModel({ modelPath: gguf.path })
      const dispose = async () => {
        await model.dispose()
        await llama.dispose()
      }
      return { package: llamaPackage, model, dispose }
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new GatewayError('upstream_unavailable', `Model 'local/${id}' did not load from ${gguf.path}: ${reason}`, { cause })
    }
  }
  function acquire(): Promise<Loaded> {
    clearTimeout(timer)
    loaded ??= open()
    // What did not load is tried again by the next chat.
    loaded.catch(() => (loaded = undefined))
    return loaded
  }
  async function release() {
    clearTimeout(timer)
    const last = loaded
    loaded = undefined
    await (await last?.catch(() => undefined))?.dispose()
  }
  function done() {
    unfinished--
    if (unfinished === 0 && loaded) timer = setTimeout(() => void release(), idleMs).unref()
  }

  async function speak(
    { package: { LlamaChatSession }, model }: Loaded,
    request: ChatRequest,
    signal: AbortSignal,
    say: (text: string) => void,
  ) {
    const context = await model.createContext({ contextSize: gguf.contextTokens, threads, sequences: 1 })
    try {
      signal.throwIfAborted()
      const session = new LlamaChatSession({ contextSequence: context.getSequence() })
      const [history, prompt] = conversation(request)
      session.setChatHistory(history)
      return await session.promptWithMeta(prompt, {
        signal,
        stopOnAbortSignal: true,
        onTextChunk: say,
        maxTokens: Math.min(request.maxTokens ?? gguf.contextTokens, gguf.contextTokens),
        ...(request.temperature !== undefined && { temperature: request.temperature }),
        ...(request.topP !== undefined && { topP: request.topP }),
        ...(request.seed !== undefined && { seed: request.seed }),
        ...(request.stop && { customStopTriggers: request.stop }),
      })
    } finally {
      await context.dispose()
    }
  }

  async function answerInto(pipe: Pipe<readonly ChatEvent[]>, model: Loaded, request: ChatRequest, { cancellation, signal }: CallContext) {
    let answer = ''
    const say = (text: string) => {
      answer += text
      pipe.push([{ type: 'text', text }])
    }
    try {
      const { stopReason } = await speak(model, request, signal, say)
      signal.throwIfAborted()
      const usage = estimatedUsage(request.messages, answer)
      pipe.push([
        { type: 'finish', reason: stopReason === 'maxTokens' ? 'length' : 'stop' },
        { type: 'usage', usage },
      ])
      pipe.end()
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      pipe.fail(
        cancellation.aborted ? cancellation.reason : new GatewayError('upstream_error', `Model 'local/${id}' failed: ${reason}`, { cause }),
      )
    }
  }

  return {
    id,
    async chat(request, context) {
      const { cancellation } = context
      if (request.tools?.length)
        throw new GatewayError('unsupported_parameter', `Model 'local/${id}' does not take tools.`, { param: 'tools' })
      if (unfinished > maxWaiting)
        throw new GatewayError('upstream_overloaded', `More than ${maxWaiting} chats wait for 'local/${id}'. Try again.`, {
          retryAfterS: 5,
        })
      unfinished++
      const before = turn
      let leave = () => done()
      turn = new Promise<void>((resolve) => {
        leave = () => {
          // Who left while waiting must not let the next one in before its time.
          void before.then(() => resolve())
          done()
        }
      })
      try {
        await orAborted(before, cancellation)
        const model = await orAborted(acquire(), cancellation)
        const pipe = createPipe<readonly ChatEvent[]>()
        void answerInto(pipe, model, request, context).finally(leave)
        return pipe
      } catch (error) {
        leave()
        throw error
      }
    },
    close: release,
  }
}

/** What was said before, and what is asked now. */
function conversation({ messages }: ChatRequest): [ChatHistoryItem[], string] {
  const last = messages.findLastIndex(({ role }) => role === 'user' || role === 'tool')
  const history = messages.slice(0, Math.max(0, last)).map((message): ChatHistoryItem => {
    const text = textOf(message)
    if (message.role === 'assistant') return { type: 'model', response: [text] }
    return { type: message.role === 'system' ? 'system' : 'user', text }
  })
  const asked = messages[last]
  return [history, asked ? textOf(asked) : '']
}
