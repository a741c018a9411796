import { GatewayError } from 'openclaw/plugin'
import type { Offline } from '../contracts/offline.js'
import { countText } from '../contracts/units.js'

interface Listed {
  readonly id: string
  readonly name?: string
  readonly provider: string
  readonly contextWindow?: number
  readonly input?: readonly string[]
}

/** `models list`: what the running gateway offers, else what the configuration lists. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  const { effective } = await context.config()
  const offered = await askGateway(context, options)
  const providers: Record<string, any> = effective['models']?.providers ?? {}
  const wanted = options['provider']?.toLowerCase()
  const models = (offered ?? configured(providers))
    .map((model) => describe(model, providers[model.provider], effective, offered !== undefined))
    .filter(({ provider, local }) => (wanted === undefined || provider.toLowerCase() === wanted) && (!options['local'] || local))
  const rows = models.map(({ provider: _provider, ...row }) => row)
  if (options['json']) out.json({ count: rows.length, models: rows })
  else if (options['plain']) for (const { key } of rows) out.print(key)
  else print(out, rows, offered !== undefined)
  return 0
}

/** Undefined when none runs; a refusal is an error. */
async function askGateway(context: Offline, options: Record<string, any>): Promise<Listed[] | undefined> {
  try {
    const { models } = await context.rpc(options, (gateway) => gateway.call('models.list'))
    return models
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'rpc_unreachable' && options['url'] === undefined) return undefined
    throw error
  }
}

const configured = (providers: Record<string, any>): Listed[] =>
  Object.entries(providers).flatMap(([provider, { models = [] }]) =>
    models.map((model: any) => (typeof model === 'string' ? { id: model, provider } : { ...model, provider })),
  )

function describe({ id, name, provider, contextWindow, input }: Listed, entry: any, effective: Record<string, any>, available: boolean) {
  const key = id.startsWith(`${provider}/`) ? id : `${provider}/${id}`
  const { model } = effective['agents']?.defaults ?? {}
  const primary = typeof model === 'string' ? model : model?.primary
  const fallback = (model?.fallbacks ?? []).indexOf(key)
  return {
    key,
    name: name ?? id,
    input: (input ?? ['text']).join('+'),
    contextWindow: contextWindow ?? null,
    local: isLocal(entry?.baseUrl),
    available,
    tags: [...(key === primary ? ['default'] : []), ...(fallback < 0 ? [] : [`fallback#${fallback + 1}`])],
    missing: false,
    provider,
  }
}

function isLocal(baseUrl: unknown): boolean {
  if (typeof baseUrl !== 'string' || !URL.canParse(baseUrl)) return false
  return /^(localhost|127\.[\d.]+|\[::1\])$/.test(new URL(baseUrl).hostname)
}

function print(out: Offline['out'], rows: Omit<ReturnType<typeof describe>, 'provider'>[], running: boolean) {
  if (!running) out.error('Gateway not reachable; showing the configured models.')
  if (rows.length === 0) return out.print('No models found.')
  out.table(
    ['Model', 'Input', 'Ctx', 'Local', 'Auth', 'Tags'],
    rows.map(({ key, input, contextWindow, local, available, tags }) => [
      key,
      input,
      contextWindow === null ? '-' : countText(contextWindow),
      local ? 'yes' : 'no',
      available ? 'yes' : '-',
      tags.join(','),
    ]),
  )
}
