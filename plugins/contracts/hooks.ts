import { defineSurface } from 'openclaw/plugin'

/** A request to a mapped hook, as a transform sees it. Headers that carry a credential are not among them. */
export interface HookInput {
  /** The body; blank is `{}`. */
  readonly payload: unknown
  /** By lower-case name; repeated ones are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly url: URL
  /** What follows the path of the hooks, without slashes around it. */
  readonly path: string
}

/** What a transform changes of what its mapping says. A field of another type is ignored. */
export interface HookChanges {
  readonly kind?: 'wake' | 'agent'
  /** Text of a wake. */
  readonly text?: string
  /** When a wake is told. */
  readonly mode?: 'now' | 'next-heartbeat'
  /** What the agent is asked. */
  readonly message?: string
  readonly name?: string
  readonly agentId?: string
  readonly wakeMode?: 'now' | 'next-heartbeat'
  /** Must be in the namespace of hooks, as a rendered one must. */
  readonly sessionKey?: string
  readonly deliver?: boolean
  readonly allowUnsafeExternalContent?: boolean
  readonly channel?: string
  readonly to?: string
  readonly model?: string
  readonly thinking?: string
  readonly timeoutSeconds?: number
}

/** Answers null to skip the request. Has 10 s; what it throws is its plugin's fault, and a 500 for the sender. */
export type HookTransform = (input: HookInput) => HookChanges | null | undefined | Promise<HookChanges | null | undefined>

/** Key of a plugin's transform in the table. */
export const transformKey = (plugin: string, name: string): string => `${plugin}:${name}`

/**
 * Transforms of mapped hooks, for which a mapping says `transform: { module: '<plugin>', export: '<name>' }`. One that is called
 * `default` or `transform` needs no `export`. Owned by the plugin `hooks`.
 */
export const HookTransforms = defineSurface<HookTransform, { add(name: string, transform: HookTransform): void }>(
  'hook-transforms',
  (add, plugin) => ({ add: (name, transform) => add(transformKey(plugin, name), transform) }),
)
