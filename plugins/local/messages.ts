import type { ChatMessage, ContentPart, Usage } from '../contracts/models.js'

/** The text of a message, without its images and files. */
export function textOf({ content }: { readonly content: string | readonly ContentPart[] | null }): string {
  if (typeof content === 'string') return content
  return (content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('\n')
}

/** Tokens are counted as four characters each: neither model here has a tokenizer that is at hand. */
export function estimatedUsage(messages: readonly ChatMessage[], answer: string): Usage {
  const promptTokens = Math.ceil(messages.reduce((sum, message) => sum + textOf(message).length, 0) / 4)
  const completionTokens = Math.ceil(answer.length / 4)
  return { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens }
}
