import { isDeepStrictEqual } from 'node:util'
import { type Log, messageOf, sleep } from 'openclaw/plugin'
import { cancellationOf } from '../contracts/cancellation.js'
import type { Client } from './client.js'
import { collect } from './collect.js'
import { malformed } from './failure.js'
import { discoveredModels, type Listing } from './listing.js'

const refreshMs = 600_000
const firstRetryMs = 5_000
const maxBytes = 8_388_608
const maxMs = 15_000

/** Keep a listing fresh from `GET /models` until the signal aborts. A failure keeps the list there is, and asks again sooner. */
export async function discover(name: string, client: Client, listing: Listing, log: Log, signal: AbortSignal): Promise<void> {
  let failures = 0
  while (!signal.aborted) {
    try {
      const models = await fetchModels(name, client, signal)
      // The same list stays the same array: whoever remembers it does not start over.
      if (!isDeepStrictEqual(models, listing.models)) listing.models = models
      failures = 0
    } catch (error) {
      if (signal.aborted) return
      if (failures++ === 0) log.info(`models of provider "${name}" are not known: ${messageOf(error)}`)
    }
    const waitMs = failures === 0 ? refreshMs : Math.min(refreshMs, firstRetryMs * 2 ** (failures - 1))
    await sleep(waitMs * (0.9 + Math.random() * 0.2), signal)
  }
}

async function fetchModels(name: string, client: Client, signal: AbortSignal) {
  const answer = await client.ask({
    method: 'GET',
    path: '/models',
    requestId: 'model-discovery',
    cancellation: cancellationOf(signal),
    quiet: true,
    open: (_head, flow) => collect(flow, maxBytes, maxMs),
  })
  const { text, cause } = await answer.body
  if (cause !== undefined) throw malformed(name, 'an incomplete list of models')
  const models = discoveredModels(name, parsed(text))
  if (!models) throw malformed(name, 'no list of models')
  return models
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
