import { GatewayError, type Handle, type Principal } from 'openclaw/plugin'
import type { Call, RawHandler } from '../contracts/http.js'
import type { Sessions } from '../contracts/sessions.js'
import type { Toolbox } from '../contracts/tools.js'
import { deniedNames } from './door.js'
import { replyFailure } from './failure.js'
import { askedOrigin, askedSession, askedTool } from './request.js'
import type { Config } from './schema.js'

interface Parts {
  readonly config: Handle<Config>
  readonly toolbox: Handle<Toolbox>
  readonly sessions: Handle<Sessions>
  redact(text: string): string
}

const mostBodyBytes = 2_097_152

/** POST /tools/invoke. What is wrong with the request is answered as everywhere; what becomes of the call, with `ok`. */
export function createHandler({ config, toolbox, sessions, redact }: Parts): RawHandler {
  let running = 0
  return async (req, _res, call) => {
    const body = await call.readJson({ maxBytes: mostBodyBytes })
    const asked = { ...askedTool(body), ...askedSession(body, sessions.current), ...askedOrigin(req) }
    call.note({ tool: asked.name.slice(0, 64), agent: asked.agent })
    const limits = config.current
    if (running >= limits.maxInFlight) throw tooMany()
    running++
    try {
      const { json } = await toolbox.current.invoke({ ...asked, ...originOf(call), denied: deniedNames(limits) })
      call.replyJson(200, `{"ok":true,"result":${json}}`)
    } catch (error) {
      replyFailure(call, error, redact)
    } finally {
      running--
    }
  }
}

const tooMany = () => new GatewayError('too_many_runs', 'Too many tools are running. Try again in a few seconds.', { retryAfterS: 5 })

const originOf = ({ principal, id, address, cancellation }: Call) => ({
  principal: principal as Principal,
  callId: `http-${Date.now()}`,
  requestId: id,
  address,
  cancellation,
})
