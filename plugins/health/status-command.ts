import { GatewayError, messageOf } from 'openclaw/plugin'
import type { Offline, Rpc, Target } from '../contracts/offline.js'
import { reportAll, reportShort } from './status-report.js'
import { statusDocument } from './status-document.js'

/** What the command found out. Parts that the gateway did not answer are undefined. */
export interface Findings {
  readonly target: Target | undefined
  readonly connectMs: number | undefined
  /** Why it is not reachable, in one line. */
  readonly error: string | undefined
  readonly answers: Readonly<Record<string, any>>
}

/** `status`: exit code 0 also when no gateway runs. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const findings = await inquire(context, options)
  if (options['json']) {
    context.out.json(await statusDocument(context, findings, Boolean(options['deep'])))
    return 0
  }
  const { target } = findings
  if (options['verbose'] && target) context.out.print(`Gateway connection:\n  ${target.detail.replaceAll('\n', '\n  ')}\n`)
  if (options['all']) await reportAll(context, findings)
  else await reportShort(context, findings, Boolean(options['deep']))
  return 0
}

/** Ask the gateway everything at once; a method that it lacks, or refuses us, leaves a gap. */
async function inquire(context: Offline, options: Record<string, any>): Promise<Findings> {
  const deep = Boolean(options['deep'] ?? options['all'])
  const settings = { as: 'probe', credentials: 'optional' } as const
  let target: Target | undefined
  try {
    target = await context.target(options, settings)
    const ask = async (gateway: Rpc) => ({ connectMs: gateway.connectMs, answers: await askAll(gateway, deep) })
    return { target, error: undefined, ...(await context.rpc(options, ask, settings)) }
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'usage') throw error
    return { target, connectMs: undefined, error: reasonOf(error), answers: {} }
  }
}

async function askAll(gateway: Rpc, deep: boolean): Promise<Record<string, any>> {
  const questions: Record<string, unknown> = {
    status: {},
    'system-presence': {},
    'channels.status': { probe: deep, timeoutMs: 8_000 },
    'sessions.list': { limit: 10 },
    'agents.list': {},
    ...(deep && { health: { probe: true }, 'last-heartbeat': {} }),
  }
  const asked = Object.entries(questions).map(async ([method, params]) => [method, await gateway.call(method, params)] as const)
  const settled = await Promise.allSettled(asked)
  return Object.fromEntries(settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])))
}

function reasonOf(error: unknown): string {
  const [first = ''] = messageOf(error).split('\n', 1)
  const denied = error instanceof GatewayError && error.code === 'rpc_denied'
  return denied ? `connect failed: ${first.replace(/^gateway closed \(\d+\): /, '')}` : first
}
