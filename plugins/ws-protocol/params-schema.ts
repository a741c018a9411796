import { closed, text } from '../contracts/methods.js'

export interface ConnectParams {
  readonly minProtocol: number
  readonly maxProtocol: number
  readonly client: {
    readonly id: string
    readonly displayName?: string
    readonly version: string
    readonly platform: string
    readonly deviceFamily?: string
    readonly modelIdentifier?: string
    readonly mode: string
    readonly instanceId?: string
  }
  readonly caps?: readonly string[]
  readonly commands?: readonly string[]
  readonly permissions?: Readonly<Record<string, boolean>>
  readonly pathEnv?: string
  readonly role?: string
  readonly scopes?: readonly string[]
  readonly device?: {
    readonly id: string
    readonly publicKey: string
    readonly signature: string
    readonly signedAt: number
    readonly nonce: string
  }
  readonly auth?: { readonly token?: string; readonly bootstrapToken?: string; readonly deviceToken?: string; readonly password?: string }
  readonly locale?: string
  readonly userAgent?: string
}

const oneOf = (...values: string[]) => ({ anyOf: values.map((value) => ({ const: value })) })
const string = { type: 'string' }
const strings = { type: 'array', maxItems: 1_000, items: text }
const protocol = { type: 'integer', minimum: 1 }
const object = (properties: Record<string, unknown>, required: string[] = []) => ({ ...closed(properties, required) })

export const connectSchema = closed<ConnectParams>(
  {
    minProtocol: protocol,
    maxProtocol: protocol,
    client: object(
      {
        id: oneOf(
          'webchat-ui',
          'openclaw-control-ui',
          'webchat',
          'cli',
          'gateway-client',
          'openclaw-macos',
          'openclaw-ios',
          'openclaw-android',
          'node-host',
          'test',
          'fingerprint',
          'openclaw-probe',
        ),
        displayName: text,
        version: text,
        platform: text,
        deviceFamily: text,
        modelIdentifier: text,
        mode: oneOf('webchat', 'cli', 'ui', 'backend', 'node', 'probe', 'test'),
        instanceId: text,
      },
      ['id', 'version', 'platform', 'mode'],
    ),
    caps: strings,
    commands: strings,
    permissions: { type: 'object', propertyNames: text, additionalProperties: { type: 'boolean' } },
    pathEnv: string,
    role: text,
    scopes: strings,
    device: object({ id: text, publicKey: text, signature: text, signedAt: { type: 'integer', minimum: 0 }, nonce: text }, [
      'id',
      'publicKey',
      'signature',
      'signedAt',
      'nonce',
    ]),
    auth: object({ token: string, bootstrapToken: string, deviceToken: string, password: string }),
    locale: string,
    userAgent: string,
  },
  ['minProtocol', 'maxProtocol', 'client'],
)

export const noParamsSchema = closed<Record<string, never>>({})
