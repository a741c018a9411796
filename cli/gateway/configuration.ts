import { loadConfig } from 'openclaw/config'
import type { Configuration, ConfigurationFile } from '../../plugins/contracts/configuration.js'
import { checkFile } from '../config/checked-file.js'
import { configVariables } from '../config/environment.js'
import { placesOf } from '../config/places.js'
import { readVersion } from '../version.js'
import type { Launch } from './assemble.js'

/** The file that the gateway runs with, for plugins. It is looked at anew with each read, and checked when it is another. */
export function createConfiguration({ env, paths, flags }: Launch): Configuration {
  let last: ConfigurationFile | undefined
  return {
    version: readVersion(),
    async read() {
      const file = await loadConfig(paths.config, configVariables(env))
      if (last?.hash === file.hash && last.exists === file.exists && file.issues.length === 0) return last
      const { config } = await checkFile(file, env, paths, flags.plugins)
      const { text, hash, written, tree, issues } = file
      // What a broken file means is not known, and so neither which of it is secret.
      last = { ...config, text, hash, written, places: tree && issues.length === 0 ? placesOf(text) : undefined }
      return last
    },
  }
}
