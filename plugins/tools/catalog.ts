import type { Inspection, Principal, Row } from 'openclaw/plugin'
import type { Agents } from '../contracts/agents.js'
import { refusal } from '../contracts/methods.js'
import { permits } from '../contracts/permits.js'
import { toolProfiles } from '../contracts/tool-policy.js'
import type { Tool } from '../contracts/tools.js'
import { areas, profileLabels, profiles } from './groups.js'
import { matcher } from './patterns.js'
import { isFor } from './rights.js'

/** Where a tool comes from, in words of the control protocol. */
export type Source = { readonly source: 'core' } | { readonly source: 'plugin'; readonly pluginId: string }

/** The gateway's own tools are `core`; a plugin from elsewhere stays one, also under a name of ours. */
export function sourceOf({ key, plugin }: Row<Tool>, { plugins }: Inspection): Source {
  const external = plugins.find(({ name }) => name === plugin)?.origin === 'external'
  return !external && areas.some(({ tools }) => (tools as readonly string[]).includes(key))
    ? { source: 'core' }
    : { source: 'plugin', pluginId: plugin }
}

/** The first sentence. */
export const brief = (description: string): string => /^.*?[.!?](?=\s|$)/s.exec(description)?.[0] ?? description

const members = toolProfiles.map((id) => ({ id, has: matcher(profiles[id]) }))

interface Group {
  readonly id: string
  readonly label: string
  readonly tools: unknown[]
}

export interface CatalogInputs {
  readonly rows: ReadonlyMap<string, Row<Tool>>
  readonly inspection: Inspection
  readonly agents: Agents | undefined
}

/** What `tools.catalog` answers: every tool that whoever asks may know of, whatever the policy says of it. Error: `INVALID_REQUEST`. */
export function catalogOf(
  { rows, inspection, agents }: CatalogInputs,
  principal: Principal,
  { agentId, includePlugins }: { agentId?: string; includePlugins: boolean },
) {
  const id = agentId?.trim().toLowerCase() || (agents?.default.id ?? 'main')
  if ((agents && !agents.get(id)) || !permits(principal, 'agents', id)) throw refusal('INVALID_REQUEST', `unknown agent id "${id}"`)
  const groups = new Map<string, Group>(areas.map(({ id, label }) => [id, { id, label, source: 'core', tools: [] }]))
  for (const row of rows.values()) {
    const source = sourceOf(row, inspection)
    // Who looks may hold fewer scopes than who runs an agent.
    const known = isFor({ ...principal, scopes: '*' }, row.value)
    if (!known || (source.source === 'plugin' && !includePlugins)) continue
    const { name, description } = row.value
    const tool = { id: name, label: name, description: brief(description), ...source, defaultProfiles: profilesOf(row.key, source) }
    groupFor(groups, row, source).tools.push(tool)
  }
  return {
    agentId: id,
    profiles: toolProfiles.map((profile) => ({ id: profile, label: profileLabels[profile] })),
    groups: [...groups.values()].filter(({ tools }) => tools.length > 0),
  }
}

/** A profile names tools of ours. */
const profilesOf = (key: string, { source }: Source) => members.flatMap(({ id, has }) => (source === 'core' && has(key) ? [id] : []))

function groupFor(groups: Map<string, Group>, { key }: Row<Tool>, source: Source): Group {
  if (source.source === 'core') {
    const area = areas.find(({ tools }) => (tools as readonly string[]).includes(key)) as (typeof areas)[number]
    return groups.get(area.id) as Group
  }
  const id = `plugin:${source.pluginId}`
  const group = groups.get(id) ?? { id, label: source.pluginId, ...source, tools: [] }
  groups.set(id, group)
  return group
}
