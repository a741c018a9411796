import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError } from 'openclaw/plugin'
import type { Sessions, TurnEnd } from '../contracts/sessions.js'

const attempts = 6

/** Put the end of a turn on disk, trying again for about three seconds while the disk refuses or is too slow. Answers why it could not. */
export async function finish(sessions: () => Sessions, end: TurnEnd): Promise<Error | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      await sessions().finish(end)
      return undefined
    } catch (error) {
      const busy = error instanceof GatewayError && error.code === 'UNAVAILABLE'
      if (!busy || attempt === attempts) return error instanceof Error ? error : new Error(String(error))
      await sleep(Math.random() * 100 * 2 ** attempt)
    }
  }
}
