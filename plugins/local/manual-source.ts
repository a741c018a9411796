import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadEmbedder } from './embedder.js'
import { gist, type Section, sectionsOf } from './manual.js'
import { pack, unpack } from './packed.js'

/** The manual as it is looked up in. */
export interface Manual {
  readonly sections: readonly Section[]
  /** The meaning of each section, packed and in base64; absent where the embedding model was not at hand. */
  readonly vectors?: string
}

const batch = 16

/** Read the pages of the repository. `embedding`: with vectors, of which those of unchanged sections come from `.cache`. */
export async function readManual(root: string, embedding: boolean): Promise<Manual> {
  const sections: Section[] = []
  for (const page of await pages(root)) sections.push(...sectionsOf(page, await readFile(join(root, page), 'utf8')))
  return embedding ? { sections, vectors: await vectorsOf(sections.map(gist), join(root, '.cache')) } : { sections }
}

async function pages(root: string): Promise<string[]> {
  const docs = await readdir(join(root, 'docs'))
  const plugins = await readdir(join(root, 'plugins'), { recursive: true })
  return [
    'README.md',
    ...docs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
    ...plugins.filter((name) => /^[^/\\]+[/\\]README\.md$/.test(name)).map((name) => `plugins/${name.replaceAll('\\', '/')}`),
  ].sort()
}

async function vectorsOf(texts: readonly string[], folder: string): Promise<string> {
  const file = join(folder, 'guide-vectors.json')
  const kept = new Map(Object.entries(await readCache(file)))
  const name = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32)
  const missing = [...new Set(texts)].filter((text) => !kept.has(name(text)))
  if (missing.length > 0) {
    const embed = await loadEmbedder()
    for (let at = 0; at < missing.length; at += batch) {
      const some = missing.slice(at, at + batch)
      const vectors = await embed(some)
      for (const [i, text] of some.entries()) kept.set(name(text), pack([vectors[i] as Float32Array]).toString('base64'))
    }
    const used = texts.map(name)
    await mkdir(folder, { recursive: true })
    await writeFile(file, JSON.stringify(Object.fromEntries(used.map((key) => [key, kept.get(key)]))))
  }
  return pack(texts.flatMap((text) => unpack(Buffer.from(kept.get(name(text)) as string, 'base64')))).toString('base64')
}

/** A cache that is not there or is broken is made anew. */
async function readCache(file: string): Promise<Record<string, string>> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch {
    return {}
  }
}
