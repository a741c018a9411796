import { GatewayError } from 'openclaw/plugin'
import type { ToolOutcome, ToolResult } from '../contracts/tools.js'

/** Bytes of a result as JSON. */
export const mostBytes = 8_388_608

/** Check and measure what a tool answered. Error: `tool_result_too_large`; anything else is wrong with the tool. */
export function outcomeOf(result: ToolResult): ToolOutcome {
  const content: unknown = (result as ToolResult | undefined)?.content
  if (!Array.isArray(content) || !content.every((block) => typeof block?.type === 'string'))
    throw new TypeError('it answered no { content: [{ type, … }] }')
  // Measured by length first: making the JSON of a huge text takes as much memory again.
  if (lengthOf(content) > mostBytes) throw tooLarge()
  const json = JSON.stringify(result)
  if (Buffer.byteLength(json) > mostBytes) throw tooLarge()
  return { result, json }
}

const lengthOf = (content: readonly { text?: unknown; data?: unknown }[]) =>
  content.reduce((sum, { text, data }) => sum + sizeOf(text) + sizeOf(data), 0)
const sizeOf = (value: unknown) => (typeof value === 'string' ? value.length : 0)

const tooLarge = () => new GatewayError('tool_result_too_large', 'tool result too large')
