import { BlockList, isIP, type LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { failed } from './faults.js'

/** Until the next of several addresses is tried: a family that this machine has no route for must not use up the whole time. */
const nextAddressMs = 1_000

export interface ConnectorOptions {
  readonly connectMs: number
  readonly ca: string | undefined
  /** Ends the connection, one that is still being made included. */
  readonly signal: AbortSignal
}

/** Connects to one of `addresses` and to nothing else; the URL's name is for TLS and Host. */
export function connectorTo(addresses: readonly string[], { connectMs, ca, signal }: ConnectorOptions): buildConnector.connector {
  const checked = new BlockList()
  const answers = addresses.map((address) => ({ address, family: isIP(address) }))
  for (const { address, family } of answers) checked.addAddress(address, family === 6 ? 'ipv6' : 'ipv4')
  const lookup: LookupFunction = (_name, _options, answer) => answer(null, answers)
  const connect = buildConnector({
    timeout: connectMs,
    allowH2: false,
    maxCachedSessions: 0,
    keepAlive: false,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: nextAddressMs,
    lookup,
    signal,
    ...(ca !== undefined && { ca }),
  })
  return (options, done) =>
    connect(options, (error, socket) => {
      if (error) return done(error, null)
      // The look-up above is what Node asks for today. Should it ever ask elsewhere, nothing is sent there.
      const { remoteAddress = '' } = socket
      if (isIP(remoteAddress) && checked.check(remoteAddress, isIP(remoteAddress) === 6 ? 'ipv6' : 'ipv4')) return done(null, socket)
      socket.destroy()
      done(failed(), null)
    })
}
