import { defineSurface } from 'openclaw/plugin'

/** An event that WebSocket clients can receive. Publish it with `kernel.emit('published', { event, payload, only? })`. */
export interface EventRow {
  /** Operators without this scope, and nodes, do not get it. Without: every authenticated connection. */
  readonly scope?: string
  /** Left out for a client that reads too slowly; any other event closes such a client. */
  readonly droppable?: boolean | ((payload: any) => boolean)
  /** Not named in `hello-ok.features.events`. */
  readonly hidden?: boolean
  /** Frames carry `stateVersion`, and this counter of it goes up. */
  readonly version?: 'presence' | 'health'
}

/** Events by name. Owned by the plugin `ws-protocol`. */
export const Events = defineSurface<EventRow>('events')
