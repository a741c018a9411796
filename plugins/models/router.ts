import { GatewayError, type Handle, printable, type Row } from 'openclaw/plugin'
import { type Agent, agentIdPattern, type Agents } from '../contracts/agents.js'
import type { ModelRoute, Models, ModelSelector, Provider } from '../contracts/models.js'
import { type Catalog, createCatalog, type Served } from './catalog.js'
import { classify, headerValue, type Named, parseRef } from './selector.js'
import { createView, type View } from './view.js'

export interface RouterInputs {
  readonly table: Handle<ReadonlyMap<string, Row<Provider>>>
  readonly agents: Handle<Agents | undefined>
  readonly aliases: Readonly<Record<string, string>>
}

type Roster = Pick<Agents, 'list' | 'get' | 'default'>

const main: Agent = { id: 'main', default: true, fallbacks: [], identity: {}, timeoutMs: 600_000 }
const onlyMain: Roster = { list: () => [main], get: (id) => (id.toLowerCase() === 'main' ? main : undefined), default: main }
const agentHeader = 'x-openclaw-agent-id'
const noFallbacks: readonly Served[] = []

/**
 * The registry and the routing algorithm over whatever providers and agents there are at the moment. Everything is
 * computed once per change of a provider's list or of the agents; a request is look-ups.
 */
export function createModels({ table, agents, aliases }: RouterInputs): Models {
  const shared = new Map(Object.entries(aliases).map(([alias, ref]) => [alias.trim().toLowerCase(), ref.trim()]))
  let catalog: Catalog | undefined
  let roster: Roster = onlyMain
  let views = new Map<Agent, View>()

  function viewOf(choose: (roster: Roster) => Agent): View {
    const rows = table.current
    const people = agents.current ?? onlyMain
    if (!catalog?.isCurrent(rows) || people !== roster) {
      catalog = createCatalog(rows)
      roster = people
      views = new Map()
    }
    const agent = choose(people)
    let view = views.get(agent)
    if (!view) views.set(agent, (view = createView(agent, catalog, shared)))
    return view
  }
  const named = (header: string | undefined) => {
    const id = headerValue(header)
    return viewOf((people) => (id === undefined ? people.default : known(people, id, agentHeader)))
  }

  return {
    list: (agent) => named(agent).list,
    find: (id, agent) => named(agent).listed(id),
    primary: (agent) => named(agent).chat[0]?.model,
    route(selector) {
      const model = classify(selector.model)
      if (model.kind === 'none' && selector.kind === 'embedding')
        throw new GatewayError('missing_required_parameter', 'Missing `model`.', { param: 'model' })
      const header = headerValue(selector.agent)
      const view = viewOf((people) => (header === undefined ? agentOf(people, model) : known(people, header, agentHeader)))
      const override = headerValue(selector.override)
      const lane = model.kind === 'ref' && header === undefined && headerValue(selector.session) === undefined ? 'proxy' : 'agent'
      const [served, fallbacks] =
        override !== undefined
          ? [explicit(view, parseRef(override, 'x-openclaw-model'), selector, 'x-openclaw-model'), noFallbacks]
          : model.kind === 'ref'
            ? [explicit(view, model.ref, selector, 'model'), noFallbacks]
            : implicit(view, selector)
      const echo = model.kind === 'none' ? served.model.key : (selector.model as string)
      const chosen = override !== undefined || model.kind === 'ref'
      return { lane, agent: view.agent.id, ...served, explicit: chosen, fallbacks, echo } satisfies ModelRoute
    },
  }
}

/** An agent by id. Errors: `invalid_value`, `agent_not_found`. */
function known(people: Roster, id: string, param: string): Agent {
  if (!agentIdPattern.test(id)) throw new GatewayError('invalid_value', `Invalid \`${param}\`.`, { param })
  const agent = people.get(id.toLowerCase())
  if (!agent) throw new GatewayError('agent_not_found', `Unknown agent '${id.toLowerCase()}'.`, { param })
  return agent
}

function agentOf(people: Roster, named: Named): Agent {
  if (named.kind !== 'agent' || named.id === undefined) return people.default
  if (named.lenient && !people.get(named.id)) return people.default
  return known(people, named.id, 'model')
}

/** The model that the request names: exactly that one, or an error. */
function explicit(view: View, ref: string, { kind }: ModelSelector, param: 'model' | 'x-openclaw-model'): Served {
  const served = view.resolve(ref, kind, param)
  if (!served) {
    const message = `The model '${printable(ref)}' does not exist or you do not have access to it.`
    throw new GatewayError('model_not_found', message, { param })
  }
  const { model, provider } = served
  if (!view.allows(model))
    throw new GatewayError('model_not_allowed', `Model '${model.key}' is not allowed for agent '${view.agent.id}'.`, { param })
  if (model.kind !== kind || !(kind === 'chat' ? provider.chat : provider.embed)) {
    const use = kind === 'chat' ? 'for chat' : 'for embeddings'
    throw new GatewayError('unsupported_model_for_endpoint', `Model '${model.key}' cannot be used ${use}.`, { param })
  }
  return served
}

/** What answers when the request names none. */
function implicit({ agent, chat, embedding }: View, { kind }: ModelSelector): readonly [Served, readonly Served[]] {
  if (kind === 'embedding') {
    if (!embedding) throw new GatewayError('embeddings_unavailable', 'Embeddings provider unavailable.')
    return [embedding, noFallbacks]
  }
  const [first, ...rest] = chat
  if (first) return [first, rest]
  const what = agent.primary === undefined ? 'No model is configured' : `Model '${agent.primary}' is configured but does not exist`
  const message = `${what} for agent '${agent.id}'. Add it under models.providers, or name another in agents.defaults.model.`
  throw new GatewayError('model_not_found', message, { param: 'model' })
}
