import { GatewayError } from 'openclaw/plugin'
import type { EmbeddingRequest } from '../contracts/models.js'
import type { Config } from './schema.js'

/** Texts, or arrays of token ids; never empty. */
export type Input = EmbeddingRequest['input']

/** Larger than every vocabulary of an embedding model. */
const maxTokenId = 200_000

const isText = (value: unknown): value is string => typeof value === 'string'
const isNumber = (value: unknown): value is number => typeof value === 'number'
const isTokenId = (value: number) => Number.isInteger(value) && value >= 0 && value <= maxTokenId
const invalid = (message: string) => new GatewayError('invalid_value', message, { param: 'input' })

export const isTexts = (input: Input): input is string[] => isText(input[0])

/** Check the field `input` and make an array of it. Error: `invalid_value`. */
export function parseInput(value: unknown, { maxInputs, maxInputChars, maxInputTokens, maxTotalChars }: Config): Input {
  const input = shapeOf(value)
  if (input.length === 0) throw invalid('`input` must not be empty.')
  if (input.length > maxInputs) throw invalid(`Too many inputs (max ${maxInputs}).`)
  if (isTexts(input)) {
    if (input.some(({ length }) => length > maxInputChars)) throw invalid(`Input too long (max ${maxInputChars} chars).`)
    if (totalOf(input) > maxTotalChars) throw invalid(`Total input too large (max ${maxTotalChars} chars).`)
    return input
  }
  for (const tokens of input) {
    if (tokens.length === 0) throw invalid('`input` must not contain an empty token array.')
    if (tokens.length > maxInputTokens) throw invalid(`Input too long (max ${maxInputTokens} tokens).`)
    if (!tokens.every(isTokenId)) throw invalid(`Token ids in \`input\` must be integers between 0 and ${maxTokenId}.`)
  }
  return input
}

function shapeOf(value: unknown): Input {
  if (isText(value)) return [value]
  if (Array.isArray(value)) {
    if (value.every(isText)) return value
    if (value.every(isNumber)) return [value]
    if (value.every((item) => Array.isArray(item) && item.every(isNumber))) return value
  }
  throw invalid('`input` must be a string or an array of strings.')
}

/** Characters or tokens of all inputs. */
export const totalOf = (input: Input): number => input.reduce((total: number, { length }) => total + length, 0)
