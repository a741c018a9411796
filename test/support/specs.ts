import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'

/**
 * Import every `*.spec.ts` below some folders of `test/`. Few entry files import many specs, because Node 20 spends a
 * third of a second on each file it runs by itself.
 */
export async function importSpecs(...folders: string[]) {
  const loading = importAll(folders)
  // Tests wait for it: Node 24 takes a pause in between for the end of the file, and runs its closing hooks.
  test('the specs load', () => loading)
  await loading
}

async function importAll(folders: readonly string[]) {
  for (const folder of folders) {
    const root = fileURLToPath(new URL(`../${folder}/`, import.meta.url))
    const files = await readdir(root, { recursive: true })
    for (const file of files.filter((name) => name.endsWith('.spec.ts')).sort()) await import(pathToFileURL(root + file).href)
  }
}
