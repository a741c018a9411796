import { GatewayError } from 'openclaw/plugin'

export type Body = Readonly<Record<string, unknown>>

export const invalid = (param: string, message: string) => new GatewayError('invalid_value', message, { param })
export const unsupported = (param: string, message: string) => new GatewayError('unsupported_parameter', message, { param })

export const isObject = (value: unknown): value is Body => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A value from outside for an error message: short printable text in quotes, anything else by its type. */
export const shown = (value: unknown): string =>
  typeof value === 'string' ? `'${value.replace(/[^\x20-\x7e]/g, '?').slice(0, 64)}'` : `of type ${typeof value}`

// In all of these `null` is the same as absent.

export function flag(body: Body, name: string): boolean | undefined {
  const value = body[name] ?? undefined
  if (value !== undefined && typeof value !== 'boolean') throw invalid(name, `\`${name}\` must be a boolean.`)
  return value
}

export function textField(body: Body, name: string): string | undefined {
  const value = body[name] ?? undefined
  if (value !== undefined && typeof value !== 'string') throw invalid(name, `\`${name}\` must be a string.`)
  return value
}

export function range(body: Body, name: string, low: number, high: number): number | undefined {
  const value = body[name] ?? undefined
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !(value >= low && value <= high)) throw invalid(name, `\`${name}\` must be between ${low} and ${high}.`)
  return value
}

export function integerField(body: Body, name: string, low: number, high: number, what: string): number | undefined {
  const value = body[name] ?? undefined
  if (value === undefined) return undefined
  if (!Number.isSafeInteger(value) || !((value as number) >= low && (value as number) <= high))
    throw invalid(name, `\`${name}\` must be ${what}.`)
  return value as number
}

export const count = (body: Body, name: string) => integerField(body, name, 1, Number.MAX_SAFE_INTEGER, 'a positive integer')
