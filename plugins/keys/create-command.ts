import { GatewayError } from 'openclaw/plugin'
import { type Offline, requiredOption } from '../contracts/offline.js'
import type { KeyLimit } from './key.js'
import type { ShownKey } from './method-rows.js'
import type { CreateParams } from './params-schema.js'

/** `keys create`: the key is in what it prints, and nowhere else. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  const params = readParams(options)
  const created = await context.rpc(options, (gateway) => gateway.call<{ key: ShownKey; secret: string }>('keys.create', params))
  if (options['json']) out.json(created)
  else {
    const { url } = await context.target(options)
    out.print(`Created key ${created.key.id} "${created.key.name}". This is the only time that it is shown:`)
    out.print('')
    out.print(`  ${created.secret}`)
    out.print('')
    out.print(`Give it to a program as its API key, with the base URL ${url.replace(/^ws/, 'http').replace(/\/$/, '')}/v1`)
    out.print(`End it with: openclaw keys revoke ${created.key.id}`)
  }
  return 0
}

const wrong = (flag: string, use: string) => new GatewayError('usage', `Invalid ${flag} (use ${use})`)

function readParams(options: Record<string, any>): CreateParams {
  const name = requiredOption(options, '--name <name>')
  const list = (flag: string): string[] | undefined => (options[flag]?.length > 0 ? options[flag] : undefined)
  const given = {
    models: list('model'),
    agents: list('agent'),
    tools: list('tool'),
    scopes: list('scope'),
    expiresAtMs: expiryOf(options['expires']),
    requestsPerMinute: rateOf(options['rate']),
    spendLimit: limitOf(options['limitUsd'], options['per']),
  }
  return { name, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) }
}

const unitMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

function expiryOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const [, count, unit = ''] = /^([1-9][0-9]{0,4})([mhdw])$/.exec(text) ?? []
  if (count === undefined) throw wrong('--expires', 'a number with m, h, d or w, as in 30d')
  return Date.now() + Number(count) * (unitMs[unit] as number)
}

function rateOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9][0-9]{0,6}$/.test(text)) throw wrong('--rate', 'a number of requests a minute')
  return Number(text)
}

function limitOf(amount: string | undefined, per: string | undefined): KeyLimit | undefined {
  if (per !== undefined && per !== 'day' && per !== 'month') throw wrong('--per', 'day or month')
  if (amount === undefined) {
    if (per !== undefined) throw new GatewayError('usage', '--per needs --limit-usd')
    return undefined
  }
  const usd = /^[0-9]+(?:\.[0-9]+)?$/.test(amount) ? Number(amount) : 0
  if (!(usd > 0)) throw wrong('--limit-usd', 'an amount of US dollars, as in 5 or 0.50')
  return { usd, ...(per !== undefined && { per }) }
}
