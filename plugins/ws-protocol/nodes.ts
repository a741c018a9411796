import type { Device } from '../contracts/devices.js'
import type { Connection } from './connection.js'

const linux = ['system.run.prepare', 'system.run', 'system.which', 'system.notify', 'browser.proxy']
const canvas = ['present', 'hide', 'navigate', 'eval', 'snapshot', 'a2ui.push', 'a2ui.pushJSONL', 'a2ui.reset'].map(
  (name) => `canvas.${name}`,
)
const apple = [
  ...canvas,
  'camera.list',
  'location.get',
  'device.info',
  'device.status',
  'contacts.search',
  'calendar.events',
  'reminders.list',
  'photos.latest',
  'motion.activity',
  'motion.pedometer',
]
const android = [
  ...canvas,
  'camera.list',
  'location.get',
  'notifications.list',
  'notifications.actions',
  'system.notify',
  'device.info',
  'device.status',
  'device.permissions',
  'device.health',
  'contacts.search',
  'calendar.events',
  'callLog.search',
  'reminders.list',
  'sms.search',
  'photos.latest',
  'motion.activity',
  'motion.pedometer',
]

/** What a node of a platform may offer. A claim outside is not taken up. */
const allowed: readonly (readonly [pattern: RegExp, commands: readonly string[]])[] = [
  [/^(?:ios|iphone|ipad)/, [...apple, 'system.notify']],
  [/^android/, android],
  [/^(?:mac|darwin)/, [...apple, ...linux]],
  [/^(?:win|linux)/, linux],
]
const unknown = [...canvas, 'camera.list', 'location.get', 'system.notify']

export function allowedCommands(claimed: readonly string[], platform: string, deviceFamily = ''): string[] {
  const of = (name: string) => allowed.find(([pattern]) => pattern.test(name.trim().toLowerCase()))?.[1]
  const commands = of(platform) ?? of(deviceFamily) ?? unknown
  return [...new Set(claimed)].filter((name) => commands.includes(name))
}

/** Every node that is paired or connected: connected first, then by name. */
export function listNodes(connections: Iterable<Connection>, devices: readonly Device[]) {
  const nodes = new Map<string, Record<string, unknown> & { connected: boolean }>()
  for (const device of devices) {
    if (!device.roles.includes('node')) continue
    const { deviceId: nodeId, displayName, platform, deviceFamily, remoteIp } = device
    nodes.set(nodeId, {
      ...defined({ nodeId, displayName, platform, deviceFamily, remoteIp }),
      caps: [],
      commands: [],
      paired: true,
      connected: false,
    })
  }
  for (const { client, params, connectedAt } of connections) {
    if (client?.role !== 'node' || !params) continue
    const nodeId = client.deviceId ?? client.id
    const { displayName, version, platform, deviceFamily, modelIdentifier } = params.client
    const described = defined({
      nodeId,
      displayName,
      platform,
      version,
      deviceFamily,
      modelIdentifier,
      remoteIp: client.address,
      pathEnv: params.pathEnv,
      permissions: params.permissions,
    })
    const commands = allowedCommands(params.commands ?? [], platform, deviceFamily)
    nodes.set(nodeId, {
      ...described,
      caps: [...client.caps],
      commands,
      connectedAtMs: connectedAt,
      paired: nodes.has(nodeId),
      connected: true,
    })
  }
  const nameOf = (node: Record<string, unknown>) => String(node['displayName'] ?? node['nodeId'])
  return [...nodes.values()].sort((a, b) => Number(b.connected) - Number(a.connected) || nameOf(a).localeCompare(nameOf(b)))
}

const defined = (fields: Record<string, unknown>) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
