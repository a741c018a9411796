import type { Agent } from '../contracts/agents.js'
import type { Model, Provider } from '../contracts/models.js'
import { type Catalog, normalise, type Served } from './catalog.js'
import { createResolve, type Resolve } from './resolve.js'

/** The catalog as one agent sees it. */
export interface View {
  readonly agent: Agent
  /** What it may use. */
  readonly list: readonly Model[]
  /** One of `list`, by its key; the case of the provider does not matter. */
  listed(key: string): Model | undefined
  allows(model: Model): boolean
  readonly resolve: Resolve
  /** What answers when a request names no model, with the fallbacks after it. */
  readonly chat: readonly Served[]
  readonly embedding: Served | undefined
}

export function createView(agent: Agent, catalog: Catalog, shared: ReadonlyMap<string, string>): View {
  const search = { catalog, aliases: aliasesOf(agent, shared), candidates: catalog.all }
  const unaided = createResolve({ ...search, provider: undefined })
  const primary = agent.primary === undefined ? undefined : quietly(unaided, agent.primary)
  const provider = agent.primary?.includes('/') ? agent.primary.split('/', 1)[0]?.trim() : primary?.model.provider
  const configured = createResolve({ ...search, provider })
  const all = agent.models ? allowed(agent, catalog, configured) : catalog.all
  const byKey = new Map(all.map((served) => [normalise(served.model.key), served.model]))
  const listed = (key: string) => byKey.get(key) ?? byKey.get(normalise(key))
  const embeddings = all.filter(({ model, provider }) => model.kind === 'embedding' && provider.embed)
  const chat = chainOf(agent, catalog, all, configured)
  return {
    agent,
    list: all.map(({ model }) => model),
    listed,
    allows: ({ key }) => !agent.models || listed(key) !== undefined,
    resolve: createResolve({ ...search, candidates: all, provider: provider ?? chat[0]?.model.provider }),
    chat,
    embedding: embeddings.find(({ provider }) => !provider.lastResort) ?? embeddings[0],
  }
}

function aliasesOf(agent: Agent, shared: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const aliases = new Map(shared)
  for (const [ref, { alias }] of agent.models ?? []) {
    const name = alias?.trim().toLowerCase()
    if (name) aliases.set(name, ref.trim())
  }
  return aliases
}

/** What its allow-list names, with its primary and fallbacks: in the catalog's order, unlisted ids last. */
function allowed(agent: Agent, catalog: Catalog, resolve: Resolve): readonly Served[] {
  const refs = [...(agent.models?.keys() ?? []), ...chosen(agent)]
  const found = new Map<string, Served>()
  for (const ref of refs) {
    const served = quietly(resolve, ref)
    if (served) found.set(normalise(served.model.key), served)
  }
  const known = catalog.all.filter(({ model }) => found.delete(normalise(model.key)))
  return [...known, ...found.values()].sort((a, b) => order(a.provider.name, b.provider.name))
}

const order = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1)
const chosen = (agent: Agent) => (agent.primary === undefined ? agent.fallbacks : [agent.primary, ...agent.fallbacks])

/** A configured ref that is ambiguous leads nowhere; it must not fail requests that do not need it. */
function quietly(resolve: Resolve, ref: string): Served | undefined {
  try {
    return resolve(ref.trim(), 'chat', 'model')
  } catch {
    return undefined
  }
}

/** Lists a chat model, or has not learnt its list yet. */
function mayChat(provider: Provider): boolean {
  if (provider.lastResort || !provider.chat) return false
  const models = provider.models()
  return models.length === 0 || models.some(({ kind }) => kind === 'chat')
}

/** The configured primary and fallbacks; without any, what the first provider that can chat offers, or lists first. */
function chainOf(agent: Agent, catalog: Catalog, all: readonly Served[], resolve: Resolve): readonly Served[] {
  const canChat = (served: Served | undefined): served is Served => served?.model.kind === 'chat' && served.provider.chat !== undefined
  const refs = chosen(agent)
  if (refs.length > 0) return refs.map((ref) => quietly(resolve, ref)).filter(canChat)
  const usable = (served: Served | undefined): served is Served =>
    canChat(served) && (!agent.models || all.some(({ model }) => model.key === served.model.key))
  const answering = catalog.providers.some(mayChat)
  for (const provider of catalog.providers) {
    // An answer that comes from the manual must not stand in for a model whose server is down.
    if (provider.lastResort && answering) return []
    const { name, defaultModel } = provider
    const offered = defaultModel === undefined ? undefined : catalog.find(`${name}/${defaultModel}`, 'chat')
    const first = usable(offered) ? offered : all.find((served) => served.provider === provider && canChat(served))
    if (first) return [first]
  }
  return []
}
