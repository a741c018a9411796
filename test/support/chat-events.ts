import type { ChatEvent } from '../../plugins/contracts/models.js'

/** What a model says, as providers hand it on. */
export const text = (value: string, logprobs?: unknown): ChatEvent => ({
  type: 'text',
  text: value,
  ...(logprobs !== undefined && { logprobs }),
})
export const stop: ChatEvent = { type: 'finish', reason: 'stop' }
/** A piece of a tool call; `id` and `name` come with the first. */
export const tool = (index: number, args: string, id?: string, name?: string): ChatEvent => ({
  type: 'tool',
  index,
  arguments: args,
  ...(id !== undefined && { id }),
  ...(name !== undefined && { name }),
})
