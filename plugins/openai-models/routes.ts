import { GatewayError, type Handle, type Principal, printable } from 'openclaw/plugin'
import type { Agents } from '../contracts/agents.js'
import type { RawHandler } from '../contracts/http.js'
import type { Models } from '../contracts/models.js'
import { permits } from '../contracts/permits.js'
import { agentHeader } from '../contracts/routing-headers.js'
import { aliasObject, createListBodies, modelObject } from './model-object.js'

/** `GET /v1/models`: what the agent that the headers name may use. */
export function listModels(models: Handle<Models>): RawHandler {
  const bodyOf = createListBodies()
  return (req, _res, call) => call.replyJson(200, bodyOf(models.current.list(agentHeader(req), call.principal)))
}

/** `GET /v1/models/{id}`: the id percent-encoded or not, with as many slashes as it has. */
export function retrieveModel(models: Handle<Models>, agents: Handle<Agents | undefined>): RawHandler {
  return (req, _res, call) => {
    const id = decode(call.rest)
    const model = models.current.find(id, agentHeader(req), call.principal)
    if (model) return call.replyJson(200, modelObject(model))
    if (isAlias(id, agents.current, call.principal)) return call.replyJson(200, aliasObject(id))
    throw new GatewayError('model_not_found', `Model '${printable(id)}' not found.`, { param: 'model' })
  }
}

function decode(rest: string): string {
  if (rest === '') throw new GatewayError('missing_required_parameter', 'Missing model id.', { param: 'model' })
  try {
    return decodeURIComponent(rest)
  } catch {
    throw new GatewayError('invalid_value', 'Invalid model id encoding.', { param: 'model' })
  }
}

function isAlias(id: string, agents: Agents | undefined, principal: Principal | undefined): boolean {
  const name = id.toLowerCase()
  if (name === 'openclaw' || name === 'openclaw/default') return true
  if (!name.startsWith('openclaw/')) return false
  const agent = name.slice('openclaw/'.length)
  return permits(principal, 'agents', agent) && (agents ? agents.get(agent) !== undefined : agent === 'main')
}
