import { defineSchema } from 'openclaw/plugin'

/** A model file of the user's own. */
export interface Gguf {
  readonly path: string
  readonly contextTokens: number
  /** Default: all processors but one. */
  readonly threads?: number
}

export interface Config {
  readonly idleMs: number
  readonly gguf?: Gguf
}

export const schema = defineSchema<Config>({
  type: 'object',
  additionalProperties: false,
  properties: {
    idleMs: {
      type: 'integer',
      minimum: 1_000,
      maximum: 86_400_000,
      default: 600_000,
      'x-help': 'Unused for this long, the models leave the memory.',
    },
    gguf: {
      type: 'object',
      additionalProperties: false,
      required: ['path'],
      properties: {
        path: {
          type: 'string',
          minLength: 1,
          maxLength: 4_096,
          'x-help': 'A chat model in GGUF format; needs node-llama-cpp beside the gateway.',
        },
        contextTokens: {
          type: 'integer',
          minimum: 128,
          maximum: 1_048_576,
          default: 4_096,
          'x-help': 'Longest conversation with its answer.',
        },
        threads: { type: 'integer', minimum: 1, maximum: 256, 'x-help': 'Default: all processors but one.' },
      },
    },
  },
})
