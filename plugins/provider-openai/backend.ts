import { GatewayError, type Kernel, sleep } from 'openclaw/plugin'
import type { Provider } from '../contracts/models.js'
import { createClient } from './client.js'
import { createCredentials } from './credentials.js'
import { discover } from './discovery.js'
import { configuredModels, type Listing } from './listing.js'
import { createOrigin, type Origin } from './origin.js'
import { createProvider } from './provider.js'
import type { Entry } from './schema.js'

/** One entry of the configuration at work. */
export interface Backend {
  readonly provider: Provider
  /** Resolve secrets, take over the connections and the list of a predecessor. No network. */
  start(): Promise<void>
  /** Warm up, then keep the list of models fresh if it comes from the server. */
  run(signal: AbortSignal): Promise<void>
}

/** Lets the first requests after a start go before the loading of what only a chat needs. */
const warmAfterMs = 20

const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/
const ownHeaders = ['host', 'content-length', 'content-type', 'transfer-encoding', 'connection', 'upgrade', 'expect', 'te', 'trailer']

export function createBackend(name: string, entry: Entry, refuse: (message: string, key: string) => never, kernel: Kernel): Backend {
  const url = baseUrl(entry.baseUrl, (message) => refuse(message, 'baseUrl'))
  for (const header of Object.keys(entry.headers))
    if (!headerName.test(header) || ownHeaders.includes(header.toLowerCase()))
      refuse(`"${header}" can't be set as a header. Remove it.`, `headers.${header}`)
  const discovered = entry.models.length === 0
  const configured: Listing = { models: configuredModels(name, entry.models) }
  let held: { origin: Origin; listing: Listing } | undefined
  const acquired = () => {
    if (!held) throw new GatewayError('upstream_unavailable', `Provider '${name}' has not started yet. Try again.`)
    return held
  }
  const credentials = createCredentials(name, entry, kernel)
  const client = createClient({
    name,
    url,
    origin: () => acquired().origin,
    credentials,
    timeouts: entry.timeouts,
    log: kernel.log,
    redact: kernel.redact,
  })
  const provider = createProvider({
    name,
    entry,
    host: url.host,
    client,
    listing: () => held?.listing ?? configured,
    note: (requestId, detail) => kernel.log.warn(`provider "${name}" failed in its answer`, { requestId, detail }),
  })
  return {
    provider,
    async start() {
      const { connectMs } = entry.timeouts
      const make = () => createOrigin(url.origin, connectMs)
      const origin = kernel.keep(`${url.origin} ${connectMs}`, make, (kept) => kept.close())
      const listing = discovered
        ? kernel.keep<Listing>(
            `models of ${name} at ${url.href}`,
            () => ({ models: [] }),
            () => undefined,
          )
        : configured
      held = { origin, listing }
      await credentials.load()
    },
    async run(signal) {
      await sleep(warmAfterMs, signal)
      if (signal.aborted) return
      const { origin, listing } = acquired()
      await Promise.all([origin.warm(), import('eventsource-parser')])
      if (discovered) await discover(name, client, listing, kernel.log, signal)
    },
  }
}

/** Only what can be compared as values: no user, no fragment. */
function baseUrl(text: string, refuse: (message: string) => never): URL {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return refuse('This is no URL. Write it like http://127.0.0.1:8000/v1.')
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return refuse('Only http and https are possible.')
  if (url.username !== '' || url.password !== '') return refuse('A URL with credentials in it is refused. Use apiKey or headers.')
  if (url.hash !== '') return refuse('A URL with a fragment is refused. Remove the part from "#".')
  return url
}
