import { defineService } from 'openclaw/plugin'
import type { LoadedConfig } from './offline.js'

/** A range of characters, the second one excluded. */
export type TextRange = readonly [from: number, to: number]

/** The configuration file at one moment, checked, with the text it was read from. Nothing in it is redacted. */
export interface ConfigurationFile extends LoadedConfig {
  /** Empty when there is no file. */
  readonly text: string
  /** SHA-256 of the text, in hex. */
  readonly hash: string
  /** What the text says, before substitution and defaults; empty when it cannot be read. */
  readonly written: Readonly<Record<string, any>>
  /** Where in the text its texts and numbers are, with their keys, and its comments; undefined when it is broken or not JSON5. */
  readonly places: TextPlaces | undefined
}

export interface TextPlaces {
  readonly scalars: readonly { readonly keys: readonly string[]; readonly value: string | number; readonly range: TextRange }[]
  readonly comments: readonly TextRange[]
}

/** The configuration file of this gateway. Provided by a host that has one. */
export interface Configuration {
  /** Version of the program, for whoever shows the schema. */
  readonly version: string
  /** As it is now; the same object as long as the file reads well and is the same. What is wrong with it is in `issues`. */
  read(): Promise<ConfigurationFile>
}
export const Configuration = defineService<Configuration>('configuration')
