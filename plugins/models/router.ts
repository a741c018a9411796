import { GatewayError, type Handle, type Principal, printable, type Row } from 'openclaw/plugin'
import type { Agent, Agents } from '../contracts/agents.js'
import type { ModelRoute, Models, ModelSelector, Provider } from '../contracts/models.js'
import { agentOf, defaultOf, isScoped, known, onlyMain, type Roster } from './agent-choice.js'
import { type Catalog, createCatalog, type Served } from './catalog.js'
import { restricted } from './restricted.js'
import { classify, headerValue, parseRef } from './selector.js'
import { createView, type View } from './view.js'

export interface RouterInputs {
  readonly table: Handle<ReadonlyMap<string, Row<Provider>>>
  readonly agents: Handle<Agents | undefined>
  readonly aliases: Readonly<Record<string, string>>
}

const agentHeader = 'x-openclaw-agent-id'
const noFallbacks: readonly Served[] = []
/** Narrow views that are kept. */
const maxNarrow = 256

/**
 * The registry and the routing algorithm over whatever providers and agents there are at the moment. Everything is
 * computed once per change of a provider's list or of the agents; a request is look-ups.
 */
export function createRouter({ table, agents, aliases }: RouterInputs): Omit<Models, 'chat' | 'embed'> {
  const shared = new Map(Object.entries(aliases).map(([alias, ref]) => [alias.trim().toLowerCase(), ref.trim()]))
  let catalog: Catalog | undefined
  let roster: Roster = onlyMain
  let views = new Map<Agent, View>()
  /** Views of principals that may use some models only, by agent and patterns. */
  let narrow = new Map<string, View>()

  function viewOf(choose: (roster: Roster) => Agent, principal: Principal | undefined): View {
    const rows = table.current
    const people = agents.current ?? onlyMain
    if (!catalog?.isCurrent(rows) || people !== roster) {
      catalog = createCatalog(rows)
      roster = people
      views = new Map()
      narrow = new Map()
    }
    const agent = choose(people)
    const patterns = principal?.only?.['models']
    if (patterns) return narrowView(agent, patterns, catalog)
    let view = views.get(agent)
    if (!view) views.set(agent, (view = createView(agent, catalog, shared)))
    return view
  }
  function narrowView(agent: Agent, patterns: readonly string[], all: Catalog): View {
    const key = [agent.id, ...patterns].join('\n')
    let view = narrow.get(key)
    if (!view) {
      const [oldest] = narrow.keys()
      if (narrow.size >= maxNarrow && oldest !== undefined) narrow.delete(oldest)
      narrow.set(key, (view = createView(agent, restricted(all, patterns), shared)))
    }
    return view
  }
  const named = (agent: string | undefined, principal: Principal | undefined) => {
    const id = headerValue(agent)
    return viewOf((people) => (id === undefined ? defaultOf(people, principal) : known(people, id, agentHeader, principal)), principal)
  }

  return {
    list: (agent, principal) => named(agent, principal).list,
    find: (id, agent, principal) => named(agent, principal).listed(id),
    primary: (agent) => named(agent, undefined).chat[0]?.model,
    route(selector) {
      const model = classify(selector.model)
      if (model.kind === 'none' && selector.kind === 'embedding')
        throw new GatewayError('missing_required_parameter', 'Missing `model`.', { param: 'model' })
      const header = headerValue(selector.agent)
      const { principal } = selector
      const view = viewOf(
        (people) => (header === undefined ? agentOf(people, model, principal) : known(people, header, agentHeader, principal)),
        principal,
      )
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

/** The model that the request names: exactly that one, or an error. */
function explicit(view: View, ref: string, { kind, principal }: ModelSelector, param: 'model' | 'x-openclaw-model'): Served {
  const served = view.resolve(ref, kind, param)
  if (!served || (isScoped(principal) && !view.allows(served.model))) {
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
function implicit({ agent, chat, embedding }: View, { kind, principal }: ModelSelector): readonly [Served, readonly Served[]] {
  if (kind === 'embedding') {
    if (!embedding) throw new GatewayError('embeddings_unavailable', 'Embeddings provider unavailable.')
    return [embedding, noFallbacks]
  }
  const [first, ...rest] = chat
  if (first) return [first, rest]
  if (isScoped(principal)) throw new GatewayError('model_not_found', 'Name a model that this credential may use.', { param: 'model' })
  const what = agent.primary === undefined ? 'No model is configured' : `Model '${agent.primary}' is configured but does not exist`
  const message = `${what} for agent '${agent.id}'. Add it under models.providers, or name another in agents.defaults.model.`
  throw new GatewayError('model_not_found', message, { param: 'model' })
}
