import { type Case, cpuRow, rateRow } from './measure.js'
import { publishMethod } from './scene.js'

const both = ['floor', 'gateway'] as const

/** Every device was paired before: the warm-up did that. */
const handshakeCase: Case = {
  name: 'WebSocket, handshake',
  sides: both,
  job: { script: 'handshakes', method: '', clients: 16, requests: 400 },
  rows: (measured) => [cpuRow('WebSocket: upgrade, signed connect, close, 16 at once', measured, { atMost: 1.5 })],
}

const refusedCase: Case = {
  name: 'WebSocket, refused token',
  sides: both,
  job: { script: 'refusals', method: '', clients: 16, requests: 400 },
  stranger: true,
  rows: (measured) => [cpuRow('WebSocket: refused token, 16 at once', measured, { atMost: 1.5 })],
}

const healthCase: Case = {
  name: 'WebSocket, health, 32',
  sides: both,
  job: { script: 'requests', method: 'health', clients: 32, requests: 16_000 },
  rows: (measured) => [cpuRow('WebSocket: `health`, 32 clients', measured, { atMost: 1.4 })],
}

/** `health` asks for no scope; this one does, and passes the hook `authorize`. */
const scopedCase: Case = {
  name: 'WebSocket, last-heartbeat, 32',
  sides: ['floor', 'gateway', 'tapped'],
  job: { script: 'requests', method: 'last-heartbeat', clients: 32, requests: 16_000 },
  rows: (measured) => [
    cpuRow('WebSocket: `last-heartbeat`, 32 clients', measured, { atMost: 1.4 }),
    cpuRow('WebSocket: `last-heartbeat`, 32 clients, five taps on authorize', measured, { atMost: 1.4 }, 'tapped'),
  ],
}

const manyCase: Case = {
  name: 'WebSocket, health, 200',
  sides: both,
  job: { script: 'requests', method: 'health', clients: 200, requests: 20_000 },
  rows: (measured) => [rateRow('WebSocket: `health`, 200 clients', measured, { atLeast: 0.6 })],
}

const listeners = 200
const eventCase: Case = {
  name: 'WebSocket, events',
  sides: ['floor', 'publishing'],
  job: { script: 'events', method: publishMethod, clients: listeners, requests: listeners * 100 },
  rows: (measured) => [cpuRow(`WebSocket: event to ${listeners} clients, a delivery`, measured, { atMost: 1.2 }, 'publishing')],
}

/** Over WebSockets. */
export const socketCases: readonly Case[] = [handshakeCase, refusedCase, healthCase, scopedCase, manyCase, eventCase]
