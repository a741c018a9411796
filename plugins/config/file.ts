import type { Offline } from '../contracts/offline.js'
import { shortPath } from './path.js'

/** `config file`: the path, whether or not there is a file. */
export async function run({ out, paths }: Offline): Promise<number> {
  out.print(shortPath(paths.config, paths.home))
  return 0
}
