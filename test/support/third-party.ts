import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Plugin } from 'openclaw'

export const repository = fileURLToPath(new URL('../..', import.meta.url))

export interface ThirdParty {
  /** Folder of the package, as `plugins.load.paths` names it. */
  readonly folder: string
  /** Its entry, imported. */
  load(): Promise<Plugin>
  remove(): Promise<void>
}

/**
 * Install one of the packages in `test/fixtures/third-party` into a folder of its own, as a user would: outside of this
 * repository, with `openclaw` and its dependencies in `node_modules`.
 */
export async function installThirdParty(name: 'openclaw-plugin-toy' | 'openclaw-plugin-faulty'): Promise<ThirdParty> {
  const root = await mkdtemp(join(tmpdir(), 'third-party-'))
  const modules = join(root, 'node_modules')
  const folder = join(root, name)
  await mkdir(modules)
  await cp(join(repository, 'test/fixtures/third-party', name), folder, { recursive: true })
  await symlink(repository, join(modules, 'openclaw'), 'dir')
  await symlink(join(repository, 'node_modules/ws'), join(modules, 'ws'), 'dir')
  return {
    folder,
    load: async () => (await import(pathToFileURL(join(folder, 'index.js')).href)).default,
    remove: () => rm(root, { recursive: true, force: true }),
  }
}
