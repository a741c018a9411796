import { readdir, readFile, readlink } from 'node:fs/promises'
import { output } from './process.js'

/** A process that listens on a port. */
export interface Listener {
  readonly pid: number
  readonly ppid?: number
  readonly user: string
  readonly command: string
  /** As in `127.0.0.1:18789`. */
  readonly address: string
}

/** Who listens on a TCP port. Undefined when the system does not tell; empty when nobody does. */
export async function findListeners(port: number): Promise<Listener[] | undefined> {
  if (process.platform === 'linux') return fromProc(port)
  return process.platform === 'win32' ? undefined : fromLsof(port)
}

/** The kernel's tables name sockets; the descriptors of the processes say whose they are. */
async function fromProc(port: number): Promise<Listener[] | undefined> {
  const sockets = new Map<string, string>()
  for (const table of ['tcp', 'tcp6']) {
    const text = await readFile(`/proc/net/${table}`, 'utf8').catch(() => '')
    for (const line of text.split('\n').slice(1)) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      if (state === '0A' && Number.parseInt(local.slice(-4), 16) === port) sockets.set(inode, readAddress(local, port))
    }
  }
  if (sockets.size === 0) return []
  const found: Listener[] = []
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))
  await Promise.all(
    pids.map(async (pid) => {
      const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
      const links = await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
      for (const inode of new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]))) {
        const address = inode && sockets.get(inode)
        if (address) found.push({ pid: Number(pid), address, ...(await describe(Number(pid))) })
      }
    }),
  )
  // The port is busy, but its owner is another user's.
  return found.length > 0 ? found : undefined
}

/** Hex in host byte order: `0100007F:4965` is 127.0.0.1:18789. */
function readAddress(local: string, port: number): string {
  const hex = local.slice(0, -5)
  const bytes = (word: string) => (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16))
  if (hex.length === 8) return `${bytes(hex).join('.')}:${port}`
  if (/^0{24}01000000$/.test(hex)) return `[::1]:${port}`
  if (/^0+$/.test(hex)) return `[::]:${port}`
  const words = (hex.match(/.{8}/g) ?? []).flatMap((word) => bytes(word))
  const groups = words.flatMap((byte, at) => (at % 2 ? [] : [((byte << 8) | (words[at + 1] ?? 0)).toString(16)]))
  return `[${groups.join(':')}]:${port}`
}

async function describe(pid: number): Promise<Pick<Listener, 'user' | 'command' | 'ppid'>> {
  const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replace(/\0+/g, ' ').trim()
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const uid = /^Uid:\s+(\d+)/m.exec(status)?.[1]
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const name = users
    .split('\n')
    .find((line) => line.split(':')[2] === uid)
    ?.split(':')[0]
  const ppid = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1])
  return { user: name ?? uid ?? 'unknown', command: command || `pid ${pid}`, ...(ppid > 0 && { ppid }) }
}

async function fromLsof(port: number): Promise<Listener[] | undefined> {
  const text = await output('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-F', 'pcLn'])
  if (text === '') return undefined
  const found: Listener[] = []
  let current: { pid: number; user: string; command: string } | undefined
  for (const line of text.split('\n')) {
    const value = line.slice(1)
    if (line.startsWith('p')) current = { pid: Number(value), user: 'unknown', command: '' }
    else if (line.startsWith('c') && current) current.command = value
    else if (line.startsWith('L') && current) current.user = value
    else if (line.startsWith('n') && current) found.push({ ...current, address: value })
  }
  for (const listener of found) {
    const line = await output('ps', ['-o', 'command=', '-p', String(listener.pid)])
    if (line.trim()) Object.assign(listener, { command: line.trim() })
  }
  return found
}
