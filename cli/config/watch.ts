import { dirname, resolve } from 'node:path'

/** The watcher swallows changes for 50 ms after one it told: whoever looks later than that sees them too. */
const leastMs = 60

/**
 * Call `changed` after the file was added, changed or removed, once it is quiet for `debounceMs()`. Calls never overlap:
 * a change during one leads to one more. Survives atomic replaces, swapped links, removal and recreation, for which the
 * directory is watched, not the file. Resolves when it watches; ends with `signal`.
 */
export async function watchConfig(
  file: string,
  {
    debounceMs,
    signal,
    changed,
    failed,
  }: {
    debounceMs: () => number
    signal: AbortSignal
    changed: (signal: AbortSignal) => Promise<void>
    /** A watcher error, or what `changed` threw. */
    failed: (error: unknown) => void
  },
): Promise<void> {
  const { watch } = await import('chokidar')
  const path = resolve(file)
  const directory = dirname(path)
  const ignored = (candidate: string) => candidate !== directory && candidate !== path
  const watcher = watch(directory, { ignoreInitial: true, atomic: false, depth: 0, ignored })
  let timer: NodeJS.Timeout | undefined
  let running = false
  let again = false
  const evaluate = async () => {
    if (running) return void (again = true)
    running = true
    await changed(signal).catch(failed)
    running = false
    if (again && !signal.aborted) schedule()
    again = false
  }
  const schedule = () => {
    clearTimeout(timer)
    timer = setTimeout(evaluate, Math.max(debounceMs(), leastMs))
  }
  watcher.on('all', (_event, candidate) => candidate !== directory && schedule())
  watcher.on('error', failed)
  const stop = () => {
    clearTimeout(timer)
    void watcher.close()
  }
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) return stop()
  await new Promise<void>((resolve) => watcher.once('ready', resolve))
}
