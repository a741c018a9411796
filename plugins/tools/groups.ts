import type { ToolProfile } from '../contracts/tool-policy.js'

/** Tools of the gateway itself, by area: those that are here, and those that existing files name. */
export const areas = [
  { id: 'fs', label: 'Files', tools: ['read', 'write', 'edit', 'apply_patch'] },
  { id: 'runtime', label: 'Runtime', tools: ['exec', 'process'] },
  { id: 'web', label: 'Web', tools: ['web_search', 'web_fetch'] },
  { id: 'memory', label: 'Memory', tools: ['memory_search', 'memory_get'] },
  {
    id: 'sessions',
    label: 'Sessions',
    tools: ['sessions_list', 'sessions_history', 'sessions_send', 'sessions_spawn', 'subagents', 'session_status'],
  },
  { id: 'ui', label: 'Browser and canvas', tools: ['browser', 'canvas'] },
  { id: 'messaging', label: 'Messaging', tools: ['message'] },
  { id: 'automation', label: 'Automation', tools: ['cron', 'gateway'] },
  { id: 'nodes', label: 'Nodes', tools: ['nodes'] },
  { id: 'agents', label: 'Agents', tools: ['agents_list'] },
  { id: 'media', label: 'Media', tools: ['image', 'tts'] },
] as const

/** `group:<id>` in policies: an area, or `openclaw` for all of them. */
export const groups: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...areas.map(({ id, tools }) => [`group:${id}`, tools] as const),
  ['group:openclaw', areas.flatMap(({ tools }) => [...tools])],
])

/** What each profile allows, as in `allow`. */
export const profiles: Readonly<Record<ToolProfile, readonly string[]>> = {
  minimal: ['session_status'],
  coding: ['group:fs', 'group:runtime', 'group:sessions', 'group:memory', 'image'],
  messaging: ['group:messaging', 'sessions_list', 'sessions_history', 'sessions_send', 'session_status'],
  full: ['*'],
}

export const profileLabels: Readonly<Record<ToolProfile, string>> = {
  minimal: 'Minimal',
  coding: 'Coding',
  messaging: 'Messaging',
  full: 'Full',
}

/** What a sub-agent may not use unless `tools.subagents.tools` names it in `allow` or `alsoAllow`: it works for its parent, and steers nothing. */
export const notForSubagents: readonly string[] = [
  'sessions_list',
  'sessions_history',
  'sessions_send',
  'sessions_spawn',
  'agents_list',
  'cron',
  'gateway',
  'whatsapp_login',
]
