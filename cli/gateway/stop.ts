import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from 'openclaw/plugin'
import { handleSignals, type SignalHandlers } from './signals.js'

const shutdownMs = 25_000
const crashMs = 5_000

interface Stoppable extends Pick<SignalHandlers, 'log' | 'restart' | 'mayRestart' | 'blame' | 'sources'> {
  readonly close: () => Promise<void>
}

/**
 * Listen for what ends the process. `code` resolves with the exit code once a signal or a stray error has closed the
 * gateway, or its deadline has passed: 25 s after a signal, 5 s after an error that nobody caught.
 */
export function whenStopped({ log, restart, mayRestart, blame, sources, close }: Stoppable): {
  code: Promise<number>
  release: () => void
} {
  let resolve: (code: number) => void = () => undefined
  const code = new Promise<number>((settle) => {
    resolve = settle
  })
  const end = async (limitMs: number, code: number) => {
    const closed = close().then(
      () => code,
      (error) => {
        log.error(`shutdown failed: ${messageOf(error)}`)
        return 1
      },
    )
    const result = await Promise.race([closed, sleep(limitMs, undefined, { ref: false })])
    if (result === undefined) log.error('shutdown timed out; exiting without full cleanup')
    resolve(result ?? 1)
  }
  const release = handleSignals({
    log,
    restart,
    mayRestart,
    blame,
    sources,
    stop: () => void end(shutdownMs, 0),
    crash: () => void end(crashMs, 1),
  })
  return { code, release }
}
