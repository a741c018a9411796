import { GatewayError } from './errors.js'
import { type Generation, type Held, runPhase } from './generation.js'
import { sleep } from './guard.js'
import type { Host, Scope } from './scope.js'

/** How long a stream that was told to end gets to write its last frame. */
const lastWordsMs = 500

/** Held work that needs one of `scopes`: its owner is one, or reaches one by services it requires or tables it reads. */
function workUsing(generations: readonly Generation[], scopes: ReadonlySet<Scope>): Held[] {
  return generations.flatMap((generation) => {
    const seen = new Map<string, boolean>()
    const reaches = (name: string): boolean => {
      const known = seen.get(name)
      const scope = generation.scope(name)
      if (known !== undefined || !scope) return known ?? false
      seen.set(name, scopes.has(scope))
      const services = scope.plugin.requires?.map((r) => ('optional' in r ? r.optional.id : r.id)) ?? []
      const providers = services.flatMap((id) => generation.services.get(id)?.plugin ?? [])
      const contributors = [...scope.reads].flatMap((surface) => [...generation.table(surface).values()].map(({ plugin }) => plugin))
      const found = scopes.has(scope) || [...providers, ...contributors].some(reaches)
      seen.set(name, found)
      return found
    }
    return [...generation.held].filter(({ plugin }) => reaches(plugin))
  })
}

/**
 * Let scopes go: tell them to drain, wait for the work that uses them, at the deadline end it with an error, then close
 * and dispose, in reverse order.
 */
export async function retire(
  scopes: readonly Scope[],
  generations: () => readonly Generation[],
  host: Host,
  { deadlineMs, reason, cut }: { deadlineMs: number; reason: string; cut: AbortSignal },
) {
  if (scopes.length === 0) return
  const reversed = [...scopes].reverse()
  const ended = new Set(scopes)
  const work = () => workUsing(generations(), ended)
  const signal = AbortSignal.any([cut, AbortSignal.timeout(deadlineMs)])
  for (const scope of scopes) if (scope.state === 'active') scope.state = 'draining'
  await runPhase('drain', reversed, { signal, deadlineMs }, host)
  while (!signal.aborted && work().length > 0) await sleep(25, signal)
  for (const { abort } of work()) abort(new GatewayError('shutting_down', reason, { retryAfterS: 5 }))
  const lastWords = AbortSignal.timeout(lastWordsMs)
  while (!lastWords.aborted && work().length > 0) await sleep(10, lastWords)
  await runPhase('close', reversed, { reason }, host)
  for (const scope of reversed) await scope.dispose()
}
