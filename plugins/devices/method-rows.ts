import type { Log } from 'openclaw/plugin'
import type { Client, Method, MethodCall } from '../contracts/methods.js'
import { listSchema, removeSchema, requestSchema, revokeSchema, type RotateParams, rotateSchema } from './params-schema.js'
import type { Registry } from './registry.js'

const scope = 'operator.pairing'
const idOf = ({ deviceId, principal }: Client) => deviceId ?? principal.id

/** The methods `device.*`. What a caller may give or take is bounded by the scopes of their own connection. */
export function addMethods(rows: { add<Params>(name: string, method: Method<Params>): void }, registry: () => Registry, log: Log) {
  /** Who did what to which device is in the log, when it was done. */
  const logged =
    <Params, Result extends object>(what: string, work: (call: MethodCall<Params>) => Promise<Result>) =>
    async (call: MethodCall<Params>): Promise<Result> => {
      const result = await work(call)
      const { deviceId: device, role } = { ...call.params, ...('device' in result ? (result.device as object) : result) } as Record<
        string,
        unknown
      >
      log.info(`device ${what}`, { device, ...(role !== undefined && { role }), by: idOf(call.client), requestId: call.requestId })
      return result
    }
  rows.add('device.pair.list', { scope, params: listSchema, handler: () => registry().overview() })
  rows.add<{ requestId: string }>('device.pair.approve', {
    scope,
    params: requestSchema,
    handler: logged('approved', ({ params, client }) => registry().approve(params.requestId, client.scopes)),
  })
  rows.add<{ requestId: string }>('device.pair.reject', {
    scope,
    params: requestSchema,
    handler: logged('rejected', ({ params }) => registry().reject(params.requestId)),
  })
  rows.add<{ deviceId: string }>('device.pair.remove', {
    scope,
    params: removeSchema,
    handler: logged('removed', ({ params, client }) => registry().remove(params.deviceId, client.scopes)),
  })
  rows.add<RotateParams>('device.token.rotate', {
    scope,
    params: rotateSchema,
    handler: logged('token rotated', ({ params, client }) => registry().rotate(params.deviceId, params, client.scopes)),
  })
  rows.add<{ deviceId: string; role: string }>('device.token.revoke', {
    scope,
    params: revokeSchema,
    handler: logged('token revoked', ({ params, client }) => registry().revoke(params.deviceId, params.role, client.scopes)),
  })
}
