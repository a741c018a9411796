import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError } from 'openclaw/plugin'
import { failureText, type Offline, reconnectWaitMs, requiredOption, type Rpc } from '../contracts/offline.js'

const defaultSeconds = 600
/** The run's own limit is the gateway's business; this is for its answer to arrive. */
const graceMs = 30_000

interface Turn {
  readonly params: { readonly idempotencyKey: string; readonly [name: string]: unknown }
  readonly endAt: number
}

/** `agent`: the message goes to the running gateway; exit code 1 when it cannot, or the run fails. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  const turn = readTurn(options)
  try {
    const answer = await perform(context, options, turn)
    if (options['json']) out.json(answer)
    else out.print(textOf(answer) || 'No reply from agent.')
    return 0
  } catch (error) {
    out.error(`Gateway agent failed: ${failureText(error)}`)
    if (error instanceof GatewayError && error.code === 'rpc_unreachable') out.error('Start the gateway with: openclaw gateway')
    return 1
  }
}

function readTurn(options: Record<string, any>): Turn {
  const message = requiredOption(options, '-m, --message <text>')
  const { agent: agentId, sessionId, to, thinking } = options as Record<string, string | undefined>
  if (agentId === undefined && sessionId === undefined && to === undefined)
    throw new Error('Pass --to <E.164>, --session-id, or --agent to choose a session')
  const timeout = Number(options['timeout'] ?? defaultSeconds)
  if (!Number.isInteger(timeout) || timeout < 1 || timeout > 86_400)
    throw new GatewayError('usage', 'Invalid --timeout (use a number of seconds, at most 86400)')
  const chosen = { agentId, sessionId, to, thinking }
  const given = Object.entries(chosen).filter(([, value]) => value !== undefined)
  return {
    params: { message, ...Object.fromEntries(given), timeout, idempotencyKey: randomUUID() },
    endAt: performance.now() + timeout * 1_000 + graceMs,
  }
}

/**
 * A gateway that goes away meanwhile, as for a restart, is asked again: with the same key the message is not said twice, and
 * a run that ended in the meantime answers at once.
 */
async function perform(context: Offline, options: Record<string, any>, { params, endAt }: Turn): Promise<any> {
  const left = () => Math.max(1, Math.round(endAt - performance.now()))
  const connect = (work: (gateway: Rpc) => Promise<any>) => context.rpc(options, work, { timeoutMs: left() })
  const ask = (gateway: Rpc) => gateway.call('agent', params, { timeoutMs: left(), expectFinal: true })
  let lost = false
  for (let failures = 0; ; failures++) {
    try {
      return await connect((gateway) => (lost ? askAgain(gateway, ask, params.idempotencyKey, left()) : ask(gateway)))
    } catch (error) {
      const { code } = error as GatewayError
      if (code !== 'rpc_closed' && !(lost && code === 'rpc_unreachable')) throw error
      const waitMs = reconnectWaitMs(failures)
      if (waitMs > left()) throw error
      if (!lost) context.out.error('Gateway connection lost; waiting for it to come back.')
      lost = true
      await sleep(waitMs)
    }
  }
}

/** A repeat is answered twice only when its run has ended. */
function askAgain(gateway: Rpc, ask: (gateway: Rpc) => Promise<any>, runId: string, timeoutMs: number): Promise<any> {
  const answer = ask(gateway)
  const ended = gateway.call('agent.wait', { runId, timeoutMs }, { timeoutMs: timeoutMs + graceMs })
  return Promise.race([answer, ended.then(() => ask(gateway))])
}

const textOf = (answer: any): string =>
  (answer?.result?.payloads ?? [])
    .flatMap(({ text, mediaUrl }: any) => [text, mediaUrl])
    .filter((part: unknown) => typeof part === 'string' && part !== '')
    .join('\n')
