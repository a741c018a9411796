import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError } from 'openclaw'
import { isRunning, ownIdentity } from './process.js'

/** Undo of `acquireLock`. Idempotent. */
export type Release = () => void

const pollMs = 100

/**
 * Be the only gateway on this configuration and on this state directory. Throws `lock_held`, naming the holder, when
 * another one keeps either for `waitMs`.
 *
 * Every process has lock files of its own, named by its number and start time, so a dead one's can be removed without
 * the danger of removing a live one's. Write mine, then look for others again; who sees a live other steps back. Of two
 * that overlap at least one sees the other, as both look after they wrote.
 */
export async function acquireLock(
  { config, state }: { config: string; state: string },
  directory = lockDirectory(),
  waitMs = 5_000,
): Promise<Release> {
  const names = [config, state].map((path) => nameOf(realPath(path)))
  const identity = ownIdentity()
  const me = `${identity.pid}-${identity.startTime}`
  const files = names.map((name) => join(directory, `gateway.${name}.${me}.lock`))
  const text = JSON.stringify({ ...identity, createdAt: new Date().toISOString(), configPath: config, stateDir: state })
  const release = () => {
    for (const file of files) rmSync(file, { force: true })
  }
  const deadline = performance.now() + waitMs
  for (;;) {
    let other = await findOther(directory, names, me)
    if (other === undefined) {
      for (const file of files) writeWhole(file, text)
      other = await findOther(directory, names, me)
      if (other === undefined) return release
      release()
    }
    if (performance.now() > deadline)
      throw new GatewayError('lock_held', `gateway already running (pid ${other}); lock timeout after ${waitMs}ms`)
    await sleep(pollMs * (0.2 + Math.random()))
  }
}

/** The process that keeps this configuration or state directory now. */
export async function findHolder(
  { config, state }: { config: string; state: string },
  directory = lockDirectory(),
): Promise<number | undefined> {
  return findOther(
    directory,
    [config, state].map((path) => nameOf(realPath(path))),
    undefined,
  )
}

async function findOther(directory: string, names: readonly string[], me: string | undefined): Promise<number | undefined> {
  for (const entry of readdirSync(directory)) {
    const [, name, owner, pid, startTime] = /^gateway\.([0-9a-f]{8})\.((\d+)-(\d+))\.lock$/.exec(entry) ?? []
    if (!name || !names.includes(name) || owner === me) continue
    if (await isRunning({ pid: Number(pid), startTime: Number(startTime) })) return Number(pid)
    rmSync(join(directory, entry), { force: true })
  }
  return undefined
}

/** Complete from the moment others see it. */
function writeWhole(file: string, text: string) {
  writeFileSync(`${file}.draft`, text, { mode: 0o600 })
  renameSync(`${file}.draft`, file)
}

const nameOf = (path: string) => createHash('sha256').update(path).digest('hex').slice(0, 8)

/** Two spellings of one place are one lock. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : join(realPath(parent), path.slice(parent.length))
  }
}

/** A directory of this user alone below the system's temporary one. */
function lockDirectory(): string {
  const uid = userInfo().uid
  const directory = join(tmpdir(), uid < 0 ? 'openclaw' : `openclaw-${uid}`)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const found = lstatSync(directory)
  if (!found.isDirectory() || (uid >= 0 && found.uid !== uid))
    throw new GatewayError('lock_directory', `${directory} is not a directory of this user: remove it, then start again.`)
  return directory
}
