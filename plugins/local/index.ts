import { createRequire } from 'node:module'
import { availableParallelism, homedir } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { definePlugin, GatewayError } from 'openclaw/plugin'
import { Providers } from '../contracts/models.js'
import { embeddingParts } from './embedder.js'
import { createLlama, llamaId } from './llama.js'
import type { LlamaPackage } from './llama-package.js'
import { createProvider, type Held, modelsOf } from './provider.js'
import { type Gguf, schema } from './schema.js'
import { createWorkerHost } from './worker-host.js'

/** Beside this file in the sources, or in what was built. */
const files = import.meta.url.endsWith('.ts')
  ? { worker: './worker.ts', manual: '../..' }
  : { worker: '../local-worker.js', manual: '../guide.json' }

export default definePlugin({
  api: 1,
  name: 'local',
  schema,
  apply(kernel) {
    const { idleMs, gguf } = kernel.config.current
    let held: Held | undefined
    let models = modelsOf({ embedding: false, llama: gguf && { id: llamaId(gguf.path) } })
    const provider = createProvider(
      () => models,
      () => {
        if (!held) throw new GatewayError('upstream_unavailable', 'The local models have not started yet. Try again.')
        return held
      },
    )
    kernel.surface(Providers).tap((providers) => providers.add(provider))
    kernel.hooks.start.tap(() => {
      const embedding = embeddingParts.every(isInstalled)
      const data = { manual: fileURLToPath(new URL(files.manual, import.meta.url)), embedding }
      const worker = kernel.keep(
        `worker ${embedding}`,
        () => createWorkerHost({ url: new URL(files.worker, import.meta.url), data }),
        (kept) => kept.close(),
      )
      worker.idleMs = idleMs
      const llama = gguf && keepLlama(gguf)
      held = { worker, embedding, llama }
      models = modelsOf(held)
    })

    function keepLlama({ path, contextTokens, threads = Math.max(1, availableParallelism() - 1) }: Gguf) {
      const file = path.startsWith('~/') ? resolve(homedir(), path.slice(2)) : resolve(kernel.paths.config ?? '.', path)
      return kernel.keep(
        `${file} ${contextTokens} ${threads} ${idleMs}`,
        () => createLlama({ gguf: { path: file, contextTokens }, threads, idleMs, load: () => part('node-llama-cpp') }),
        (kept) => kept.close(),
      )
    }
  },
})

const isInstalled = (name: string): boolean => {
  try {
    return createRequire(import.meta.url).resolve(name) !== ''
  } catch {
    return false
  }
}

/** A package that a plain installation lacks: named at run time, so that neither the compiler nor the bundler asks for it. */
const part = (name: string): Promise<LlamaPackage> => import(name)
