import type { IncomingMessage, ServerResponse } from 'node:http'
import { GatewayError, isPromise, type Owner, type Row } from 'openclaw/plugin'
import type { RawHandler, Route } from '../contracts/http.js'
import { isApiError, unavailable } from './errors.js'
import { replyError } from './reply.js'
import type { HttpCall } from './request.js'
import type { Site } from './site.js'

/** How long a request waits for a plugin that is just starting, and how often it looks. */
const startWaitMs = 2_000
const startLookMs = 25

/** Run the handler of a row, or say why not. What it throws is an answer or its plugin's fault. */
export function serve(row: Row<Route>, req: IncomingMessage, res: ServerResponse, call: HttpCall, site: Site) {
  const { owner, value, key } = row
  const standing = owner.standing()
  if (standing === 'waiting' && performance.now() - call.startedAt < startWaitMs)
    return void setTimeout(() => res.destroyed || serve(row, req, res, call, site), startLookMs)
  if (standing !== 'up') return replyError(res, unavailable())
  let told = false
  const failed = (thrown: unknown, blamed: Owner = owner) => {
    // A response that the handler's own failure destroyed is not one whose client left.
    const left = (res.destroyed || req.socket.destroyed) && !res.writableFinished && res.errored !== thrown
    if (told || left || (thrown instanceof GatewayError && thrown.code === 'client_closed')) return
    told = true
    if (!isApiError(thrown)) blamed.fault(`route ${key}`, thrown)
    if (!res.headersSent) call.replyError(thrown)
    else if (!res.writableEnded) res.destroy()
  }
  if (!value.raw) return void site.koa?.().then((koa) => koa.serve(row, req, res, call, failed), failed)
  try {
    const work = (value.handler as RawHandler)(req, res, call)
    if (isPromise(work)) work.catch(failed)
  } catch (error) {
    failed(error)
  }
}
