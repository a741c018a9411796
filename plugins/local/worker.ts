/** The program of the worker thread: loads what a job needs with the first that needs it, and does one job after the other. */
import { readFile } from 'node:fs/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { type Embed, loadEmbedder } from './embedder.js'
import { createGuide, type Guide } from './guide.js'
import type { Job, Reply, Results, WorkerData } from './jobs.js'
import { unpack } from './packed.js'
import { type Manual, readManual } from './manual-source.js'

const { manual, embedding } = workerData as WorkerData
let embedder: Promise<Embed> | undefined
let guide: Promise<Guide> | undefined

const embed = async (texts: readonly string[]) => (await (embedder ??= loadEmbedder()))(texts)

async function loadGuide(): Promise<Guide> {
  const { sections, vectors }: Manual = manual.endsWith('.json')
    ? JSON.parse(await readFile(manual, 'utf8'))
    : await readManual(manual, embedding)
  if (!embedding || vectors === undefined) return createGuide({ sections })
  return createGuide({ sections, meaning: { vectors: unpack(Buffer.from(vectors, 'base64')), embed } })
}

async function run(job: Job): Promise<Results[Job['kind']]> {
  if (job.kind === 'embed') return embed(job.texts)
  return (await (guide ??= loadGuide())).answer(job.question, job.earlier)
}

parentPort?.on('message', (job: Job) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  const reply = (message: Reply) => parentPort?.postMessage(message)
  run(job).then(
    (result) => reply({ result }),
    (error: unknown) => {
      // What did not load is tried again with the next job.
      embedder = undefined
      guide = undefined
      reply({ error: `A local model failed: ${error instanceof Error ? error.message : String(error)}` })
    },
  )
})
