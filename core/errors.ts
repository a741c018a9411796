/** One problem found in configuration, with the dotted path it sits at. `file` and `line` are added by whoever read the file. */
export interface Issue {
  path: string
  message: string
  plugin?: string
  file?: string
  line?: number
}

export interface ErrorDetail {
  /** Plugin and hook (or surface) that the error belongs to. */
  plugin?: string
  hook?: string
  /** Dotted configuration path. */
  path?: string
  /** Request field at fault, for API errors. */
  param?: string
  /** Seconds a client should wait before it tries again. */
  retryAfterS?: number
  /** All problems, where one error stands for several. */
  issues?: Issue[]
  cause?: unknown
}

/**
 * The one error class. `code` is stable and machine readable, `message` says what was expected and what to do.
 * For errors that reach an API client, `code` is one of the vocabulary in `http/reply.ts`, which gives status and type.
 */
export class GatewayError extends Error {
  readonly code: string
  readonly plugin: string | undefined
  readonly hook: string | undefined
  readonly path: string | undefined
  readonly param: string | undefined
  readonly retryAfterS: number | undefined
  readonly issues: Issue[]

  constructor(code: string, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.name = 'GatewayError'
    this.code = code
    this.plugin = detail.plugin
    this.hook = detail.hook
    this.path = detail.path
    this.param = detail.param
    this.retryAfterS = detail.retryAfterS
    this.issues = detail.issues ?? []
  }
}

/** The text of anything thrown. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))
