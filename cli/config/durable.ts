import { randomUUID } from 'node:crypto'
import { chmod, mkdir, open, readdir, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isRunning } from '../gateway/process.js'

/**
 * Replace a file so that a crash at any moment leaves the old or the new content. Mode 0600 in a directory of 0700; a
 * link stays a link and its target is replaced.
 */
export async function writeDurably(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const directory = dirname(target)
  const created = await mkdir(directory, { recursive: true, mode: 0o700 })
  if (created !== undefined) await chmod(directory, 0o700)
  await removeDrafts(directory, basename(target))
  const draft = join(directory, `${basename(target)}.${process.pid}.${randomUUID()}.tmp`)
  try {
    await withFile(draft, 'wx', async (file) => {
      await file.writeFile(text)
      await file.sync()
    })
    await rename(draft, target)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  // The new name is only there after a power loss when the directory is written too. Windows can't sync directories.
  if (process.platform !== 'win32') await withFile(directory, 'r', (handle) => handle.sync())
}

async function withFile(path: string, flags: string, work: (file: Awaited<ReturnType<typeof open>>) => Promise<void>) {
  const file = await open(path, flags, 0o600)
  try {
    await work(file)
  } finally {
    await file.close()
  }
}

/** What processes that were killed while they wrote have left. */
async function removeDrafts(directory: string, name: string) {
  for (const entry of await readdir(directory)) {
    if (!entry.startsWith(`${name}.`)) continue
    const [, pid] = /^\.(\d+)\.[0-9a-f-]{36}\.tmp$/.exec(entry.slice(name.length)) ?? []
    if (pid && Number(pid) !== process.pid && !(await isRunning({ pid: Number(pid) }))) await rm(join(directory, entry), { force: true })
  }
}
