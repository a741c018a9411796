import { readFileSync } from 'node:fs'

/** Version of this package. Works from source and from `dist`, which lie at the same depth. */
export const readVersion = (): string =>
  (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version
