import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Canceller } from '../../../plugins/contracts/cancellation.js'
import type { ChatEvent, ChatRequest } from '../../../plugins/contracts/models.js'
import { createLlama, llamaId } from '../../../plugins/local/llama.js'
import type { ChatHistoryItem, LlamaPackage } from '../../../plugins/local/llama-package.js'
import { contextOf } from './boot.js'

const gguf = { path: '/models/Tiny Chat.Q4_K_M.gguf', contextTokens: 512 }

/** The package as its documentation says: repeats the prompt word by word, until the signal or the limit. */
function fakePackage() {
  const calls: [string, unknown][] = []
  const note = (name: string, options?: unknown) => void calls.push([name, options])
  let history: ChatHistoryItem[] = []
  const open = { models: 0, contexts: 0 }
  const load = async (): Promise<LlamaPackage> => ({
    async getLlama(options) {
      note('getLlama', options)
      return {
        async loadModel(options) {
          note('loadModel', options)
          open.models++
          return {
            async createContext(options) {
              note('createContext', options)
              open.contexts++
              return { getSequence: () => 'sequence', dispose: async () => void (open.contexts -= 1) }
            },
            dispose: async () => void (open.models -= 1),
          }
        },
        dispose: async () => note('dispose'),
      }
    },
    LlamaChatSession: class {
      setChatHistory(items: ChatHistoryItem[]) {
        history = items
      }
      async promptWithMeta(prompt: string, { signal, onTextChunk, maxTokens, ...options }: any) {
        note('prompt', { prompt, history, maxTokens, ...options })
        for (const [i, word] of prompt.split(' ').entries()) {
          if (i === maxTokens) return { stopReason: 'maxTokens' }
          onTextChunk(`${word} `)
          if (prompt.startsWith('wait') && !signal.aborted)
            await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
          if (signal.aborted) return { stopReason: 'abort' }
        }
        if (prompt === 'fail') throw new Error('out of memory')
        return { stopReason: 'eogToken' }
      }
    },
  })
  return { load, calls, open, of: (name: string) => calls.filter(([called]) => called === name).map(([, options]) => options as any) }
}

const request = (content: string, more: Partial<ChatRequest> = {}): ChatRequest => ({
  stream: true,
  messages: [{ role: 'user', content }],
  ...more,
})
async function collect(answer: Promise<AsyncIterable<readonly ChatEvent[]>>) {
  const events: ChatEvent[] = []
  for await (const batch of await answer) events.push(...batch)
  return events
}
const said = (events: ChatEvent[]) =>
  events.map((event) => (event.type === 'text' ? event.text : event.type === 'finish' ? `[${event.reason}]` : '')).join('')

describe('a GGUF file', () => {
  test('is named as the file, without what a name may not have', () => assert.equal(llamaId(gguf.path), 'Tiny-Chat.Q4_K_M'))

  test('is loaded by the first chat, without a GPU or a build, and answers in pieces', async (t) => {
    const fake = fakePackage()
    const llama = createLlama({ gguf, threads: 3, idleMs: 60_000, load: fake.load })
    t.after(() => llama.close())
    assert.deepEqual(fake.calls, [])
    const events = await collect(llama.chat(request('one two three'), contextOf()))
    assert.equal(said(events), 'one two three [stop]')
    assert.ok(events.filter(({ type }) => type === 'text').length === 3 && events.at(-1)?.type === 'usage')
    assert.deepEqual(fake.of('getLlama'), [{ build: 'never', gpu: false, maxThreads: 3 }])
    assert.deepEqual(fake.of('loadModel'), [{ modelPath: gguf.path }])
    assert.deepEqual(fake.of('createContext'), [{ contextSize: 512, threads: 3, sequences: 1 }])
    await collect(llama.chat(request('again'), contextOf()))
    assert.equal(fake.of('loadModel').length, 1)
    assert.equal(fake.open.contexts, 0)
    await llama.close()
    assert.equal(fake.open.models, 0)
  })

  test('passes on the conversation and the sampling', async () => {
    const fake = fakePackage()
    const llama = createLlama({ gguf, threads: 1, idleMs: 60_000, load: fake.load })
    const messages: ChatRequest['messages'] = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi' },
      { role: 'user', content: [{ type: 'text', text: 'a b c' }] },
    ]
    const events = await collect(
      llama.chat({ stream: true, messages, maxTokens: 2, temperature: 0.5, topP: 0.9, seed: 7, stop: ['X'] }, contextOf()),
    )
    assert.equal(said(events), 'a b [length]')
    const [prompt] = fake.of('prompt')
    assert.deepEqual(prompt, {
      prompt: 'a b c',
      history: [
        { type: 'system', text: 'Be kind.' },
        { type: 'user', text: 'Hello' },
        { type: 'model', response: ['Hi'] },
      ],
      maxTokens: 2,
      stopOnAbortSignal: true,
      temperature: 0.5,
      topP: 0.9,
      seed: 7,
      customStopTriggers: ['X'],
    })
    await llama.close()
  })

  test('an abort ends the chat that runs and the one that waits; the next is served', async () => {
    const fake = fakePackage()
    const llama = createLlama({ gguf, threads: 1, idleMs: 60_000, load: fake.load })
    const [running, waiting] = [new Canceller(), new Canceller()]
    const first = (await llama.chat(request('wait for it'), contextOf(running)))[Symbol.asyncIterator]()
    assert.deepEqual((await first.next()).value, [{ type: 'text', text: 'wait ' }])
    const second = collect(llama.chat(request('never'), contextOf(waiting)))
    const third = collect(llama.chat(request('fine'), contextOf()))
    waiting.abort(new Error('left'))
    await assert.rejects(second, /left/)
    running.abort(new Error('gone'))
    await assert.rejects(first.next(), /gone/)
    assert.equal(said(await third), 'fine [stop]')
    assert.deepEqual(
      fake.of('prompt').map(({ prompt }) => prompt),
      ['wait for it', 'fine'],
    )
    await llama.close()
  })

  test('too many, tools, a missing package, a broken file and a failure are told apart', async () => {
    const fake = fakePackage()
    const llama = createLlama({ gguf, threads: 1, idleMs: 60_000, load: fake.load })
    await assert.rejects(llama.chat(request('x', { tools: [{ name: 'f' }] }), contextOf()), { code: 'unsupported_parameter' })
    await assert.rejects(collect(llama.chat(request('fail'), contextOf())), { code: 'upstream_error', message: /out of memory/ })
    const all = new Canceller()
    const many = Array.from({ length: 17 }, () => collect(llama.chat(request('wait'), contextOf(all))).catch(({ message }) => message))
    await assert.rejects(llama.chat(request('x'), contextOf()), { code: 'upstream_overloaded' })
    all.abort(new Error('gone'))
    assert.deepEqual(new Set(await Promise.all(many)), new Set(['gone']))
    await llama.close()

    const missing = createLlama({ gguf, threads: 1, idleMs: 60_000, load: () => Promise.reject(new Error('Cannot find package')) })
    await assert.rejects(missing.chat(request('x'), contextOf()), {
      code: 'upstream_unavailable',
      message: /npm install node-llama-cpp@3.22.1$/,
    })
    const broken = { getLlama: () => Promise.reject(new Error('no such file')) } as unknown as LlamaPackage
    const unreadable = createLlama({ gguf, threads: 1, idleMs: 60_000, load: async () => broken })
    await assert.rejects(unreadable.chat(request('x'), contextOf()), { code: 'upstream_unavailable', message: /Tiny Chat.*no such file/ })
  })

  test('leaves the memory when it was not used for a while', async () => {
    const fake = fakePackage()
    const llama = createLlama({ gguf, threads: 1, idleMs: 1, load: fake.load })
    await collect(llama.chat(request('x'), contextOf()))
    while (fake.open.models > 0) await new Promise((resolve) => setTimeout(resolve, 1))
    assert.equal(said(await collect(llama.chat(request('back'), contextOf()))), 'back [stop]')
    await llama.close()
  })
})
