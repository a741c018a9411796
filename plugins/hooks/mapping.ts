import type { Config, MappingConfig, SignatureConfig } from './schema.js'
import { compileTemplate, type Template } from './template.js'

/** A mapped hook, compiled. */
export interface Mapping {
  readonly id: string
  /** Where it is written, for messages. */
  readonly at: string
  readonly path: string | undefined
  readonly source: string | undefined
  readonly action: 'wake' | 'agent'
  readonly mode: 'now' | 'next-heartbeat'
  readonly templates: Readonly<Record<'name' | 'sessionKey' | 'message' | 'text', Template | undefined>>
  /** What the sender has no say in. */
  readonly fixed: Pick<MappingConfig, 'agentId' | 'channel' | 'to' | 'model' | 'thinking' | 'timeoutSeconds'>
  readonly deliver: boolean
  readonly unsafe: boolean
  readonly transform: MappingConfig['transform']
  readonly signature: SignatureConfig | undefined
}

/** Told of what is wrong with a mapping, and throws. */
export type Refuse = (message: string, at?: string) => never

/** The name of a plugin. */
const pluginId = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/
/** As a canonical request target has it. */
const plainPath = /^[\w~.-]+(?:\/[\w~.-]+)*$/
const taken = new Set(['wake', 'agent'])

/** Without slashes around it. */
export const trimSlashes = (path: string): string => path.replace(/^\/+|\/+$/g, '')

/** The configured mappings, then those of the presets. */
export function compileMappings({ mappings, presets, gmail }: Config, refuse: Refuse): Mapping[] {
  const own = mappings.map((mapping, index) => compileMapping(mapping, `mapping-${index + 1}`, `mappings.${index}`, refuse))
  refuseOverlap(own, refuse)
  const ready = presets.map((preset, index) => compileMapping(gmailPreset(gmail), preset, `presets.${index}`, refuse))
  return [...own, ...ready]
}

function compileMapping(config: MappingConfig, defaultId: string, at: string, refuse: Refuse): Mapping {
  const { match = {}, action = 'agent', wakeMode = 'now', deliver = true, allowUnsafeExternalContent: unsafe = false } = config
  const { id = defaultId, agentId, channel, to, model, thinking, timeoutSeconds, transform, signature } = config
  const path = trimSlashes(match.path ?? '') || undefined
  if (path !== undefined && !(plainPath.test(path) && !path.split('/').some((part) => /^\.+$/.test(part))))
    refuse(`"${path}" is no path of plain segments: use letters, digits, ".", "_", "~" and "-" between slashes.`, `${at}.match.path`)
  if (path !== undefined && taken.has(path)) refuse(`"${path}" is taken by the gateway: use another path.`, `${at}.match.path`)
  if (signature && path === undefined)
    refuse('A mapping with a signature needs a path of its own: set match.path, so that only this sender is asked for it.', at)
  for (const [key, value] of Object.entries({ agentId, channel, to, model, thinking }))
    if (value !== undefined && compileTemplate(value).dynamic)
      refuse(`No template here: the sender would choose it. Write it out, or make mappings for each by match.source.`, `${at}.${key}`)
  if (transform) checkTransform(transform.module, `${at}.transform.module`, refuse)
  const template = (text: string | undefined) => (text === undefined ? undefined : compileTemplate(text))
  return {
    id,
    at: `hooks.${at}`,
    path,
    source: match.source || undefined,
    action,
    mode: wakeMode,
    templates: {
      name: template(config.name),
      sessionKey: template(config.sessionKey),
      message: template(config.messageTemplate),
      text: template(config.textTemplate),
    },
    fixed: Object.fromEntries(
      Object.entries({ agentId, channel, to, model, thinking, timeoutSeconds }).filter(([, value]) => value !== undefined && value !== ''),
    ),
    deliver,
    unsafe,
    transform,
    signature,
  }
}

/** Code comes from plugins alone. */
function checkTransform(module: string, at: string, refuse: Refuse) {
  if (pluginId.test(module)) return
  const what = /^[a-z][a-z0-9+.-]*:/i.test(module) ? 'a URL' : /[/\\.]/.test(module) ? 'a path' : 'no id of a plugin'
  refuse(
    `"${module.slice(0, 80)}" is ${what}: code is never loaded by what the configuration names. ` +
      'Put the transform into a plugin that adds it to HookTransforms, and name that plugin here.',
    at,
  )
}

/** Of two that take the same requests one would never be asked, and which one is nobody's intention. */
function refuseOverlap(mappings: readonly Mapping[], refuse: Refuse) {
  for (const [index, one] of mappings.entries())
    for (const other of mappings.slice(index + 1)) {
      if (one.path?.toLowerCase() !== other.path?.toLowerCase()) continue
      const signed = one.signature ?? other.signature
      if (one.source !== other.source && !signed) continue
      const where = one.path === undefined ? 'take every path' : `share the path "${one.path}"`
      const why = signed ? ', and one of them is signed' : one.source === undefined ? '' : ` and the source "${one.source}"`
      refuse(`Mappings "${one.id}" and "${other.id}" ${where}${why}. Give each a path of its own.`, other.at.replace('hooks.', ''))
    }
}

const gmailPreset = ({ allowUnsafeExternalContent, model, thinking }: Config['gmail']): MappingConfig => ({
  match: { path: 'gmail' },
  name: 'Gmail',
  sessionKey: 'hook:gmail:{{messages[0].id}}',
  messageTemplate: 'Mail from {{messages[0].from}}\nSubject: {{messages[0].subject}}\n{{messages[0].snippet}}\n\n{{messages[0].body}}',
  ...(allowUnsafeExternalContent !== undefined && { allowUnsafeExternalContent }),
  ...(model !== undefined && { model }),
  ...(thinking !== undefined && { thinking }),
})
