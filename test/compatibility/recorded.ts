import assert from 'node:assert/strict'
import type { Booted } from './boot.js'

/** A program whose requests are sent as it sends them. */
export const recorded = (it: () => Booted, headers: Record<string, string> = {}) => {
  const ask = (path: string, body?: object) =>
    fetch(`${it().baseURL}${path}`, {
      method: body ? 'POST' : 'GET',
      redirect: 'error',
      headers: { authorization: `Bearer ${it().token}`, 'content-type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
    })
  return {
    ask,
    /** The answer, which must be 200 and JSON. */
    async json(path: string, body?: object): Promise<any> {
      const response = await ask(path, body)
      const answer: any = await response.json()
      assert.equal(response.status, 200, JSON.stringify(answer))
      return answer
    },
    /** The data of every event but the closing `[DONE]`, which must be there. */
    async stream(body: object): Promise<any[]> {
      const response = await ask('/chat/completions', body)
      assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
      const frames = [...(await response.text()).matchAll(/^data: (.*)$/gm)].map(([, data = '']) => data)
      assert.equal(frames.pop(), '[DONE]')
      return frames.map((data) => JSON.parse(data))
    },
    /** An error that it can show: its status, and JSON with a sentence. */
    async fails(path: string, body: object | undefined, status: number, code?: string) {
      const response = await ask(path, body)
      const { error }: any = await response.json()
      assert.deepEqual([response.status, typeof error.message], [status, 'string'])
      if (code !== undefined) assert.equal(error.code, code)
    },
  }
}

export const textOf = (chunks: readonly any[]): string => chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')

/** Usage comes once, in a chunk of its own without choices. */
export function usageAlone(chunks: readonly any[]) {
  assert.deepEqual(
    chunks.filter(({ usage }) => usage).map(({ choices }) => choices),
    [[]],
  )
}

/** What lists of models must have for every program that reads them. */
export function goodList(list: any) {
  assert.ok(list.data.some(({ id }: any) => id === 'up/echo'))
  for (const { id, created, owned_by } of list.data)
    assert.deepEqual([typeof id, Number.isInteger(created), typeof owned_by], ['string', true, 'string'])
}
