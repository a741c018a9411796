import { createHook } from 'node:async_hooks'
import childProcess from 'node:child_process'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/** Asynchronous resources that are not I/O: the language itself. */
const harmless = new Set(['PROMISE', 'TickObject', 'Microtask', 'bound-anonymous-fn', 'AsyncResource'])

/**
 * Run something synchronous and list the input and output that it did or began: timers, handles and requests by their
 * kind, calls into the file system and child processes by their name.
 */
export function listIo(run: () => void): string[] {
  const seen: string[] = []
  const hook = createHook({
    init: (_id, kind) => {
      if (!harmless.has(kind)) seen.push(kind)
    },
  })
  const restore = [intercept(fs, 'fs', seen), intercept(fs.promises, 'fs.promises', seen), intercept(childProcess, 'child_process', seen)]
  syncBuiltinESMExports()
  hook.enable()
  try {
    run()
  } finally {
    hook.disable()
    for (const undo of restore) undo()
    syncBuiltinESMExports()
  }
  return [...new Set(seen)]
}

/** Note every call of a function of `module`. Classes and constants stay. */
function intercept(module: object, name: string, seen: string[]): () => void {
  const members = module as Record<string, unknown>
  const originals = Object.entries(members).filter(
    (entry): entry is [string, (...args: unknown[]) => unknown] => typeof entry[1] === 'function' && /^[a-z]/.test(entry[0]),
  )
  for (const [key, original] of originals) {
    const noted = function (this: unknown, ...args: unknown[]) {
      seen.push(`${name}.${key}`)
      return original.apply(this, args)
    }
    members[key] = Object.assign(noted, original)
  }
  return () => {
    for (const [key, original] of originals) members[key] = original
  }
}
