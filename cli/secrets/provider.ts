import { GatewayError } from 'openclaw/plugin'

/** One entry of `secrets.providers`. */
export type SecretProvider =
  | { source: 'env'; allowlist?: string[] }
  | { source: 'file'; path: string; mode?: 'json' | 'singleValue'; timeoutMs?: number; maxBytes?: number }
  | {
      source: 'exec'
      command: string
      args?: string[]
      env?: Record<string, string>
      passEnv?: string[]
      trustedDirs?: string[]
      timeoutMs?: number
      maxOutputBytes?: number
      jsonOnly?: boolean
      allowInsecurePath?: boolean
      allowSymlinkCommand?: boolean
    }

export const secretError = (message: string) => new GatewayError('secret_unavailable', message)
