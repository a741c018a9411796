import type { Plugin, Section } from 'openclaw/plugin'
import type { OfflineManifest } from '../plugins/contracts/offline.js'

/** What is known of a bundled plugin without loading it. */
export interface BundledPlugin {
  readonly name: string
  /** As the plugin itself says; needed for one that is off. */
  readonly section: Section
  readonly load: () => Promise<{ default: Plugin<any, any, any> }>
  /** Commands, checks and installers that it has without a gateway. */
  readonly manifest?: () => Promise<{ manifest: OfflineManifest }>
  /** First words of its commands, so that only the manifest that is asked for is loaded. */
  readonly commands?: readonly string[]
  /** Paths that answer `endpoint_disabled` while it is off. */
  readonly endpoints?: readonly string[]
  /** Whether it runs when the configuration does not say. */
  readonly default: boolean | ((document: Readonly<Record<string, any>>) => boolean)
  /** Services it provides, so that a selected set can be completed without loading the rest. */
  readonly provides?: readonly string[]
  /** Part of every selected set: nothing answers without it. */
  readonly base?: boolean
}

const endpoint = (name: string) => `gateway.http.endpoints.${name}`

/**
 * Every bundled plugin: the one file that names them all. Their order is that of their taps: `ws-protocol` comes before `chat`, which
 * makes events of its own from those that it hears, so that clients get both in the order in which they happened.
 */
export const standard: readonly BundledPlugin[] = [
  {
    name: 'logs',
    section: 'logging',
    load: () => import('../plugins/logs/index.js'),
    manifest: () => import('../plugins/logs/manifest.js'),
    commands: ['logs'],
    default: true,
  },
  {
    name: 'http',
    section: 'gateway.http',
    load: () => import('../plugins/http/index.js'),
    provides: ['front'],
    default: true,
    base: true,
  },
  {
    name: 'koa',
    section: 'plugins.entries.koa.config',
    load: () => import('../plugins/koa/index.js'),
    provides: ['koa'],
    default: true,
    base: true,
  },
  {
    name: 'trusted-proxy',
    section: 'gateway.auth.trustedProxy',
    load: () => import('../plugins/trusted-proxy/index.js'),
    default: (document) => document['gateway']?.auth?.mode === 'trusted-proxy',
    base: true,
  },
  {
    name: 'store',
    section: 'plugins.entries.store.config',
    load: () => import('../plugins/store/index.js'),
    manifest: () => import('../plugins/store/manifest.js'),
    provides: ['store'],
    default: true,
  },
  {
    name: 'sessions',
    section: 'session',
    load: () => import('../plugins/sessions/index.js'),
    manifest: () => import('../plugins/sessions/manifest.js'),
    commands: ['sessions'],
    provides: ['sessions'],
    default: true,
  },
  {
    name: 'agents',
    section: 'agents',
    load: () => import('../plugins/agents/index.js'),
    provides: ['agents'],
    default: true,
  },
  {
    name: 'keys',
    section: 'plugins.entries.keys.config',
    load: () => import('../plugins/keys/index.js'),
    manifest: () => import('../plugins/keys/manifest.js'),
    commands: ['keys'],
    provides: ['spend-limits'],
    default: true,
  },
  {
    name: 'usage',
    section: 'plugins.entries.usage.config',
    load: () => import('../plugins/usage/index.js'),
    manifest: () => import('../plugins/usage/manifest.js'),
    commands: ['usage', 'gateway'],
    provides: ['ledger'],
    default: true,
  },
  {
    name: 'models',
    section: 'models',
    load: () => import('../plugins/models/index.js'),
    manifest: () => import('../plugins/models/manifest.js'),
    commands: ['models'],
    provides: ['models'],
    default: true,
  },
  {
    name: 'provider-openai',
    section: { path: 'models.providers', by: 'api', values: ['openai-completions', undefined] },
    load: () => import('../plugins/provider-openai/index.js'),
    default: true,
  },
  {
    name: 'local',
    section: 'plugins.entries.local.config',
    load: () => import('../plugins/local/index.js'),
    default: true,
  },
  {
    name: 'runs',
    section: 'plugins.entries.runs.config',
    load: () => import('../plugins/runs/index.js'),
    manifest: () => import('../plugins/runs/manifest.js'),
    commands: ['agent'],
    provides: ['runs', 'system-events'],
    default: true,
  },
  {
    name: 'tools',
    section: 'tools',
    load: () => import('../plugins/tools/index.js'),
    provides: ['toolbox'],
    default: true,
  },
  {
    name: 'devices',
    section: 'plugins.entries.devices.config',
    load: () => import('../plugins/devices/index.js'),
    manifest: () => import('../plugins/devices/manifest.js'),
    commands: ['devices'],
    provides: ['devices'],
    default: true,
  },
  {
    name: 'health',
    section: 'plugins.entries.health.config',
    load: () => import('../plugins/health/index.js'),
    provides: ['health'],
    manifest: () => import('../plugins/health/manifest.js'),
    commands: ['health', 'status', 'gateway'],
    default: true,
  },
  {
    name: 'channels',
    section: 'plugins.entries.channels.config',
    load: () => import('../plugins/channels/index.js'),
    manifest: () => import('../plugins/channels/manifest.js'),
    commands: ['channels'],
    provides: ['channel-states'],
    default: true,
  },
  {
    name: 'ws-protocol',
    section: 'plugins.entries.ws-protocol.config',
    load: () => import('../plugins/ws-protocol/index.js'),
    manifest: () => import('../plugins/ws-protocol/manifest.js'),
    commands: ['gateway', 'daemon'],
    default: true,
  },
  {
    name: 'chat',
    section: 'plugins.entries.chat.config',
    load: () => import('../plugins/chat/index.js'),
    default: true,
  },
  {
    name: 'egress',
    section: 'plugins.entries.egress.config',
    load: () => import('../plugins/egress/index.js'),
    provides: ['egress'],
    default: true,
  },
  {
    name: 'inference',
    section: 'plugins.entries.inference.config',
    load: () => import('../plugins/inference/index.js'),
    provides: ['inference'],
    default: true,
  },
  {
    name: 'openai-models',
    section: endpoint('models'),
    load: () => import('../plugins/openai-models/index.js'),
    endpoints: ['/v1/models'],
    default: true,
  },
  {
    name: 'openai-chat',
    section: endpoint('chatCompletions'),
    load: () => import('../plugins/openai-chat/index.js'),
    endpoints: ['/v1/chat/completions'],
    default: true,
  },
  {
    name: 'openai-embeddings',
    section: endpoint('embeddings'),
    load: () => import('../plugins/openai-embeddings/index.js'),
    endpoints: ['/v1/embeddings'],
    default: true,
  },
  {
    name: 'openai-responses',
    section: endpoint('responses'),
    load: () => import('../plugins/openai-responses/index.js'),
    endpoints: ['/v1/responses'],
    default: true,
  },
  {
    name: 'tools-invoke',
    section: 'gateway.tools',
    load: () => import('../plugins/tools-invoke/index.js'),
    endpoints: ['/tools/invoke'],
    default: true,
  },
  {
    name: 'hooks',
    section: 'hooks',
    load: () => import('../plugins/hooks/index.js'),
    default: (document) => document['hooks']?.enabled === true,
  },
  {
    name: 'config',
    section: 'plugins.entries.config.config',
    load: () => import('../plugins/config/index.js'),
    manifest: () => import('../plugins/config/manifest.js'),
    commands: ['config'],
    default: true,
  },
  {
    name: 'plugins',
    section: 'plugins.entries.plugins.config',
    load: () => import('../plugins/plugins/index.js'),
    manifest: () => import('../plugins/plugins/manifest.js'),
    commands: ['plugins'],
    default: true,
  },
]
