import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { defineService } from './tokens.js'

/** Whoever answers what arrives at the port. The plugin `http` provides it. */
export interface Front {
  request(req: IncomingMessage, res: ServerResponse): void
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void
  /** The parser gave up on this connection. `status` is 400, 408 or 431. */
  malformed(socket: Duplex, status: number): void
}
export const Front = defineService<Front>('front')
