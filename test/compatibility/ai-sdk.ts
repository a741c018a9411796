import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Booted, place, placed, tides, untyped, weather } from './boot.js'

/** What both providers of the package `ai` can do with chats; `model` makes a language model of an id. */
export async function chats(model: (id: string) => any, prompt = 'hello') {
  const ai = await untyped('ai')
  const toolOf = (row: typeof weather) =>
    ai.tool({ description: row.description, inputSchema: ai.jsonSchema(row.parameters), execute: async () => 'sunny' })
  return {
    async whole() {
      const { text, usage, finishReason } = await ai.generateText({ model: model('up/echo'), prompt, maxRetries: 0 })
      assert.deepEqual([text, finishReason, usage.outputTokens], ['You said: hello', 'stop', 7])
    },
    async streamed() {
      const result = ai.streamText({ model: model('up/echo'), prompt, maxRetries: 0 })
      let text = ''
      for await (const piece of result.textStream) text += piece
      assert.deepEqual([text, await result.finishReason], ['You said: hello', 'stop'])
      assert.equal((await result.usage).outputTokens, 7)
    },
    async tools() {
      const result = ai.streamText({
        model: model('up/tools'),
        prompt,
        maxRetries: 0,
        tools: { weather: toolOf(weather) },
        stopWhen: ai.stepCountIs(3),
      })
      assert.match(await result.text, /^The tool says: "?sunny"?$/)
      assert.equal((await result.steps)[0].toolCalls[0].input.city, 'text')
    },
    async parallel() {
      const tools = { weather: toolOf(weather), tides: toolOf(tides) }
      const { toolCalls } = await ai.generateText({ model: model('up/parallel-tools'), prompt, maxRetries: 0, tools })
      assert.deepEqual(
        toolCalls.map(({ toolName, input }: any) => [toolName, input]),
        [
          ['weather', { city: 'text' }],
          ['tides', { city: 'text' }],
        ],
      )
    },
    async structured() {
      const output = ai.Output.object({ schema: ai.jsonSchema(place) })
      const result = await ai.generateText({ model: model('up/echo'), prompt, maxRetries: 0, output })
      assert.deepEqual(result.output, placed)
    },
    async fails(failing: any, status: number, code: string) {
      await assert.rejects(ai.generateText({ model: failing, prompt, maxRetries: 0 }), (error: any) => {
        assert.deepEqual([error.statusCode, JSON.parse(error.responseBody).error.code], [status, code])
        return true
      })
    },
    async abort(it: Booted) {
      const abort = new AbortController()
      const result = ai.streamText({ model: model('up/endless'), prompt, maxRetries: 0, abortSignal: abort.signal })
      for await (const _piece of result.textStream) abort.abort()
      await it.aborted()
    },
    async embeddings(embedder: any) {
      const { embeddings } = await ai.embedMany({ model: embedder, values: ['one', 'two'], maxRetries: 0 })
      assert.deepEqual(
        embeddings.map((vector: number[]) => vector.length),
        [8, 8],
      )
    },
  }
}

export type Chats = Awaited<ReturnType<typeof chats>>

/** The last test of a client. */
export const testViolations = (it: () => Booted) =>
  test('nothing that went upstream was other than the vendor’s types say', () => assert.deepEqual(it().upstream.violations, []))
