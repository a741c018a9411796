import { createServer } from 'node:net'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError, printable } from 'openclaw/plugin'
import type { PortReport } from '../../plugins/contracts/offline.js'
import { findListeners, type Listener } from './listeners.js'

/** Who has a port, and what to do about it. */
export async function inspectPort(port: number): Promise<PortReport> {
  const listeners = await findListeners(port)
  if (listeners === undefined)
    return {
      port,
      status: 'busy',
      listeners: [],
      hints: ['Port is in use but process details are unavailable (install lsof or run as an admin user).'],
    }
  const found = listeners.map(({ command, ...rest }) => ({
    ...rest,
    command: basename(command.split(' ', 1)[0] ?? ''),
    commandLine: printable(command, 200),
  }))
  return { port, status: listeners.length === 0 ? 'free' : 'busy', listeners: found, hints: hintsFor(listeners) }
}

function hintsFor(listeners: readonly Listener[]): string[] {
  if (listeners.length === 0) return []
  const commands = listeners.map(({ command }) => command)
  const kind = commands.some((command) => command.includes('openclaw'))
    ? 'Gateway already running locally. Stop it (openclaw gateway stop) or use a different port.'
    : commands.some((command) => /\bssh\b/.test(command))
      ? 'SSH tunnel already bound to this port. Close the tunnel or use a different local port in -L.'
      : 'Another process is listening on this port.'
  const several = 'Multiple listeners detected; ensure only one gateway/tunnel per port unless intentionally running isolated profiles.'
  return new Set(listeners.map(({ pid }) => pid)).size > 1 ? [kind, several] : [kind]
}

/** Why a port can't be used, for people: its owners and what to do about them. */
export async function diagnosePort(port: number): Promise<string[]> {
  const { status, listeners, hints } = await inspectPort(port)
  if (status === 'free') return [`Port ${port} is free.`]
  const owners = listeners.map(({ pid, user, commandLine, address }) => `- pid ${pid} ${user}: ${commandLine} (${address})`)
  return [`Port ${port} is already in use.`, ...owners, ...hints]
}

const termMs = 700
const killMs = 2_000
const bindMs = 3_000

/**
 * End whatever listens on a port: SIGTERM, after 0.7 s SIGKILL, then wait until the port can be bound. Throws `force`
 * with the reason when it stays taken.
 */
export async function freePort(port: number, log: (line: string) => void): Promise<void> {
  const listeners = (await findListeners(port))?.filter(({ pid }) => pid !== process.pid)
  if (listeners === undefined)
    throw new GatewayError('force', `cannot tell who listens on port ${port} (another user's process, or lsof is missing)`)
  if (listeners.length === 0) return log(`force: no listeners on port ${port}`)
  const owners = new Map(listeners.map((listener) => [listener.pid, listener]))
  for (const { pid, command } of owners.values()) {
    kill(pid, 'SIGTERM')
    log(`force: killed pid ${pid} (${printable(command, 200)}) on port ${port}`)
  }
  const began = performance.now()
  let left = await waitUntilGone(port, termMs)
  if (left.length > 0) {
    for (const { pid } of left) kill(pid, 'SIGKILL')
    log(`force: escalated to SIGKILL while freeing port ${port}`)
    left = await waitUntilGone(port, killMs - termMs)
  }
  if (left.length > 0)
    throw new GatewayError('force', `port ${port} still has listeners after --force: ${left.map(({ pid }) => pid).join(', ')}`)
  const waitedMs = Math.round(performance.now() - began)
  if (waitedMs > 0) log(`force: waited ${waitedMs}ms for port ${port} to free`)
  await waitUntilBindable(port, log)
}

function kill(pid: number, signal: NodeJS.Signals) {
  try {
    process.kill(pid, signal)
  } catch {
    // Already gone, or not ours to end: what still listens is reported by the caller.
  }
}

async function waitUntilGone(port: number, withinMs: number): Promise<readonly Listener[]> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const left = (await findListeners(port)) ?? []
    if (left.length === 0 || performance.now() > deadline) return left
    await sleep(100)
  }
}

async function waitUntilBindable(port: number, log: (line: string) => void) {
  const began = performance.now()
  const waited = () => Math.round(performance.now() - began)
  while (!(await canBind(port))) {
    if (waited() > bindMs) throw new GatewayError('force', `port ${port} still not bindable after ${waited()}ms (TIME_WAIT or kernel hold)`)
    await sleep(150)
  }
  if (waited() > 150) log(`force: waited ${waited()}ms for port ${port} to become bindable`)
}

const canBind = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)))
  })
