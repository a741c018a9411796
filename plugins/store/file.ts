import { chmod, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT'

/** Ignore that a file is not there. */
const whereThere = (done: Promise<unknown>) =>
  done.catch((error: unknown) => {
    if (!isMissing(error)) throw error
  })

/** Make the file, mode 0600, in a directory of mode 0700. SQLite gives the files beside it the same mode. */
export async function makePrivate(path: string) {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const made = await makeFile(path)
  await Promise.all([path, `${path}-wal`, `${path}-shm`].map((file) => whereThere(chmod(file, 0o600))))
  // One that was there is on disk already; asking again costs a start several milliseconds.
  if (made) await syncDirectory(path)
}

/** False when it is there. */
async function makeFile(path: string): Promise<boolean> {
  try {
    await (await open(path, 'ax', 0o600)).close()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Without it, a file just made or renamed may be gone after a power cut. */
async function syncDirectory(path: string) {
  if (process.platform === 'win32') return
  const directory = await open(dirname(path), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** Move a damaged database out of the way, with what belongs to it. Answers where it is now. */
export async function setAside(path: string): Promise<string> {
  const aside = `${path}.damaged-${new Date().toISOString().replace(/[-:.]/g, '')}`
  // The log first: left alone, it would be taken for that of the next database.
  for (const ending of ['-wal', '-shm', '']) await whereThere(rename(path + ending, aside + ending))
  await syncDirectory(path)
  return aside
}

/** Let `write` fill a new private file, and put it at `path` when it is whole and on disk. */
export async function replaceWhole(path: string, write: (temporary: string) => void) {
  const temporary = `${path}.tmp`
  await rm(temporary, { force: true })
  const file = await open(temporary, 'wx', 0o600)
  try {
    write(temporary)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  await syncDirectory(path)
}
