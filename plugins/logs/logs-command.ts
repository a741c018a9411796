import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError, messageOf } from 'openclaw/plugin'
import { type Offline, reconnectWaitMs, type Rpc } from '../contracts/offline.js'
import { createLogPrinter, type Tail } from './print.js'

/** `logs`: exit code 1 when the gateway cannot be reached. Following it goes on over a restart, until nobody reads on. */
export async function run(context: Offline, _args: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  const follow = Boolean(options['follow'])
  const range = { limit: readNumber(options, 'limit', 5_000), maxBytes: readNumber(options, 'maxBytes', 1_000_000) }
  const intervalMs = readNumber(options, 'interval', 3_600_000)
  const printer = createLogPrinter(out, { json: Boolean(options['json']), local: Boolean(options['localTime']) })
  let cursor: number | undefined
  let failures = 0
  const look = async (gateway: Rpc) => {
    const params = { ...range, ...(cursor !== undefined && { cursor }) }
    const tail: Tail = await gateway.call('logs.tail', params, { timeoutMs: Number(options['timeout']) })
    if (failures > 0) printer.notice('Gateway is back.')
    failures = 0
    printer.print(tail, cursor === undefined)
    ;({ cursor } = tail)
  }
  const work = async (gateway: Rpc) => {
    await look(gateway)
    while (follow && !out.closed.aborted) {
      await pause(intervalMs, out.closed)
      await look(gateway)
    }
  }
  while (!out.closed.aborted) {
    try {
      await context.rpc(options, work, { signal: out.closed })
      if (!follow) return 0
    } catch (error) {
      if (out.closed.aborted) break
      if (cursor === undefined || !mayPass(error)) return await explain(context, options, error)
      if (failures === 0) printer.notice('Gateway connection lost; waiting for it to come back.')
      await pause(reconnectWaitMs(failures++), out.closed)
    }
  }
  out.error('openclaw logs: output stdout closed (EPIPE). Stopping tail.')
  return 0
}

const pause = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }).catch(() => undefined)

function readNumber(options: Record<string, any>, name: string, most: number): number {
  const value = Number(options[name])
  if (Number.isInteger(value) && value >= 1 && value <= most) return value
  throw new GatewayError('usage', `Invalid --${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} (use 1 to ${most})`)
}

/** A gateway that restarts is away for a moment; one that refuses us, or has no such method, will go on to. */
const mayPass = (error: unknown) => error instanceof GatewayError && ['rpc_closed', 'rpc_unreachable', 'rpc_timeout'].includes(error.code)

async function explain(context: Offline, options: Record<string, any>, error: unknown): Promise<number> {
  const { code } = error instanceof GatewayError ? error : { code: 'internal' }
  if (!['rpc_closed', 'rpc_unreachable', 'rpc_timeout', 'rpc_denied'].includes(code)) throw error
  const { out } = context
  const headline = 'Gateway not reachable. Is it running and accessible?'
  const hint = 'Hint: run `openclaw gateway status`.'
  const { url, source, detail } = await context.target(options)
  if (options['json']) {
    const [, bindDetail] = /^Bind: (.*)$/m.exec(detail) ?? []
    const details = { url, urlSource: source, ...(bindDetail !== undefined && { bindDetail }), message: detail }
    out.error(JSON.stringify({ type: 'error', message: headline, error: messageOf(error).split('\n', 1)[0], details, hint }))
  } else out.error([headline, messageOf(error), hint].join('\n'))
  return 1
}
