import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const require = createRequire(import.meta.url)

/** The manual for `local/guide`, as JSON: the sections of the pages and, where the embedding model is installed, their vectors. */
export async function readGuide(root: string): Promise<string> {
  const embedding = ['core', 'embeddings', 'model-embeddings-en'].every((part) => isInstalled(`@energetic-ai/${part}`))
  const source = pathToFileURL(join(root, 'plugins/local/manual-source.ts')).href
  const script =
    `const { readManual } = await import(${JSON.stringify(source)});` +
    `process.stdout.write(JSON.stringify(await readManual(${JSON.stringify(root)}, ${embedding})))`
  // A process of its own: the model takes seconds of computing, while the bundler and the compiler go on.
  const args = ['-C', 'openclaw-source', '--import', 'tsx', '--input-type=module', '--eval', script]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, maxBuffer: 67_108_864 })
  return stdout
}

function isInstalled(name: string): boolean {
  try {
    return require.resolve(name) !== ''
  } catch {
    return false
  }
}
