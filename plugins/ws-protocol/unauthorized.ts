import type { ConnectParams } from './params-schema.js'
import type { WireError } from './frames.js'

/** Why a credential was not accepted. */
export type AuthReason =
  | 'token_missing'
  | 'token_mismatch'
  | 'password_missing'
  | 'password_mismatch'
  | 'bootstrap_token_invalid'
  | 'device_token_mismatch'
  | 'rate_limited'
  | 'unauthorized'

const shown: Record<AuthReason, { code: string; next: string; text: string }> = {
  token_missing: { code: 'AUTH_TOKEN_MISSING', next: 'update_auth_configuration', text: ': gateway token missing' },
  token_mismatch: { code: 'AUTH_TOKEN_MISMATCH', next: 'update_auth_credentials', text: ': gateway token mismatch' },
  password_missing: { code: 'AUTH_PASSWORD_MISSING', next: 'update_auth_configuration', text: ': gateway password missing' },
  password_mismatch: { code: 'AUTH_PASSWORD_MISMATCH', next: 'update_auth_credentials', text: ': gateway password mismatch' },
  bootstrap_token_invalid: {
    code: 'AUTH_BOOTSTRAP_TOKEN_INVALID',
    next: 'review_auth_configuration',
    text: ': bootstrap token invalid or expired (scan a fresh setup code)',
  },
  device_token_mismatch: {
    code: 'AUTH_DEVICE_TOKEN_MISMATCH',
    next: 'update_auth_credentials',
    text: ': device token mismatch (rotate/reissue device token)',
  },
  rate_limited: {
    code: 'AUTH_RATE_LIMITED',
    next: 'wait_then_retry',
    text: ': too many failed authentication attempts (retry later)',
  },
  unauthorized: { code: 'AUTH_UNAUTHORIZED', next: 'review_auth_configuration', text: '' },
}

/** What the person at this kind of client can do about it. */
function hint({ id, mode }: ConnectParams['client'], what: 'token' | 'password'): string {
  if (id === 'cli' && mode === 'cli') return `set gateway.remote.${what} to match gateway.auth.${what}`
  if (id === 'openclaw-control-ui' || mode === 'webchat' || id === 'webchat-ui')
    return `open the dashboard URL and ${what === 'token' ? 'paste the token' : 'enter the password'} in Control UI settings`
  return `provide gateway auth ${what}`
}

/** The refusal, with what the client may do next: clients act on `details`, and on the words in the close reason. */
export function unauthorized(reason: AuthReason, { client, auth = {}, device }: ConnectParams, retryAfterS?: number): WireError {
  const { code, next, text } = shown[reason]
  const credential = reason.startsWith('token') ? 'token' : reason.startsWith('password') ? 'password' : undefined
  const retry = reason === 'token_mismatch' && device !== undefined && auth.token !== undefined && auth.deviceToken === undefined
  return {
    code: 'INVALID_REQUEST',
    message: `unauthorized${text}${credential ? ` (${hint(client, credential)})` : ''}`,
    details: {
      code,
      ...(reason !== 'unauthorized' && { authReason: reason }),
      canRetryWithDeviceToken: retry,
      recommendedNextStep: retry ? 'retry_with_device_token' : next,
    },
    ...(retryAfterS !== undefined && { retryable: true, retryAfterMs: retryAfterS * 1_000 }),
  }
}
