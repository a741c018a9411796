import { defineSchema } from 'openclaw/plugin'
import { integer } from '../contracts/schema-nodes.js'

export interface Config {
  readonly maxBodyBytes: number
  readonly maxInputs: number
  /** UTF-16 units of one text. */
  readonly maxInputChars: number
  /** Token ids of one token array. */
  readonly maxInputTokens: number
  /** UTF-16 units of all texts of one request. */
  readonly maxTotalChars: number
  /** Whole request, once its body is there. */
  readonly timeoutMs: number
  /** Requests at once; more are refused. */
  readonly maxInFlight: number
}

/** As written in a configuration file: the schema fills in what is left out. */
export type ConfigInput = Partial<Config>

export const schema = defineSchema<ConfigInput>({
  type: 'object',
  additionalProperties: false,
  'x-reload': 'live',
  properties: {
    maxBodyBytes: integer(20_971_520, 1_024, 104_857_600, 'Larger request bodies are refused with 413.'),
    maxInputs: integer(2_048, 1, 100_000, 'Inputs of one request.'),
    maxInputChars: integer(65_536, 1, 104_857_600, 'Characters of one input.'),
    maxInputTokens: integer(8_192, 1, 10_000_000, 'Token ids of one input that is a token array.'),
    maxTotalChars: integer(4_194_304, 1, 104_857_600, 'Characters of all inputs of one request.'),
    timeoutMs: integer(600_000, 1_000, 3_600_000, 'Longest request.'),
    maxInFlight: integer(512, 1, 10_000, 'Requests at once. More get 429.'),
  },
})
