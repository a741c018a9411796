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
  /** More for a WebSocket client: the error's `details`. */
  details?: unknown
  /** All problems, where one error stands for several. */
  issues?: readonly Issue[]
  cause?: unknown
}

/**
 * The one error class. `code` is stable and machine readable, `message` says what was expected and what to do.
 * For errors that reach an API client, `code` is one of the vocabulary of `plugins/http/errors.ts`, which gives status and type.
 */
export class GatewayError extends Error {
  declare readonly plugin?: string
  declare readonly hook?: string
  declare readonly path?: string
  declare readonly param?: string
  declare readonly retryAfterS?: number
  declare readonly details?: unknown
  readonly issues: readonly Issue[]

  constructor(
    readonly code: string,
    message: string,
    { cause, issues = [], ...detail }: ErrorDetail = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'GatewayError'
    this.issues = issues
    Object.assign(this, detail)
  }
}

/** The text of anything thrown. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))
