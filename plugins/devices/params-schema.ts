import { closed, text } from '../contracts/methods.js'

export interface RotateParams {
  readonly deviceId: string
  readonly role: string
  readonly scopes?: readonly string[]
}

export const listSchema = closed<Record<string, never>>({})
export const requestSchema = closed<{ requestId: string }>({ requestId: text }, ['requestId'])
export const removeSchema = closed<{ deviceId: string }>({ deviceId: text }, ['deviceId'])
export const revokeSchema = closed<{ deviceId: string; role: string }>({ deviceId: text, role: text }, ['deviceId', 'role'])
export const rotateSchema = closed<RotateParams>({ deviceId: text, role: text, scopes: { type: 'array', items: text } }, [
  'deviceId',
  'role',
])
