import { integer } from './schema-nodes.js'

/** What an endpoint takes of one kind of media. */
export interface MediaLimits {
  /** Fetch `http(s)` URLs, through the plugin `egress`. Off: only what comes with the request. */
  readonly allowUrl: boolean
  /** Host names whose URLs are fetched: exact, or `*.example.com` for the names below it. Empty: any public one. */
  readonly urlAllowlist: readonly string[]
  /** Media types; case and parameters do not matter. Empty: the default list. */
  readonly allowedMimes: readonly string[]
  /** Decoded bytes of one image or file. */
  readonly maxBytes: number
  /** Of one download. */
  readonly maxRedirects: number
  /** Of one download, redirects included. */
  readonly timeoutMs: number
}

/** Media types that are taken when the configuration names none. */
export const defaultTypes = {
  image: ['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/heic', 'image/heif'],
  file: ['text/plain', 'text/markdown', 'text/html', 'text/csv', 'application/json', 'application/pdf'],
} as const satisfies Record<string, readonly string[]>
export type MediaKind = keyof typeof defaultTypes

/** Whether media of this type are taken. */
export function allowsType(kind: MediaKind, { allowedMimes }: Pick<MediaLimits, 'allowedMimes'>, type: string | undefined): boolean {
  const allowed: readonly string[] = allowedMimes.length > 0 ? allowedMimes : defaultTypes[kind]
  return type !== undefined && allowed.some((entry) => entry.toLowerCase().split(';', 1)[0]?.trim() === type)
}

const texts = (value: readonly string[], help: string) => ({
  type: 'array',
  items: { type: 'string', minLength: 1 },
  default: value,
  'x-help': help,
})

/** The schema of `MediaLimits`; `more` are properties of the endpoint's own. */
export const mediaNode = (
  kind: MediaKind,
  { allowUrl, maxBytes }: Pick<MediaLimits, 'allowUrl' | 'maxBytes'>,
  more: Record<string, unknown> = {},
) => ({
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    allowUrl: { type: 'boolean', default: allowUrl, 'x-help': `Fetch http(s) URLs of ${kind}s. Off: only what comes with the request.` },
    urlAllowlist: texts([], `Host names of ${kind} URLs, exact or "*.example.com". Empty: any public host.`),
    allowedMimes: texts(defaultTypes[kind], `Media types of ${kind}s. Empty: the default list.`),
    maxBytes: integer(maxBytes, 1, 104_857_600, `Decoded bytes of one ${kind}.`),
    maxRedirects: integer(3, 0, 10, `Redirects of one ${kind} download.`),
    timeoutMs: integer(10_000, 100, 60_000, `Time of one ${kind} download.`),
    ...more,
  },
})
