import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { transformSync } from 'esbuild'

/** The kernel is meant to be read in one sitting. */
export const limits = { file: 200, code: 1_500 }

export interface Size {
  readonly file: string
  /** Lines as an editor counts them. */
  readonly physical: number
  /** Lines of what runs: without types, comments and blank lines, as the formatter lays it out. */
  readonly code: number
}

const core = fileURLToPath(new URL('../../core', import.meta.url))

/** Every file of the kernel with its size, largest first. */
export const coreSizes = (): Size[] =>
  readdirSync(core, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => sizeOf(file, readFileSync(join(core, file), 'utf8')))
    .sort((a, b) => b.physical - a.physical)

const formatter = fileURLToPath(new URL('../../node_modules/@biomejs/biome/bin/biome', import.meta.url))

function sizeOf(file: string, text: string): Size {
  const { code: stripped } = transformSync(text, { loader: 'ts', format: 'esm', target: 'es2022' })
  const formatted = execFileSync(process.execPath, [formatter, 'format', '--stdin-file-path=core.js'], {
    input: stripped,
    encoding: 'utf8',
  })
  const code = formatted.split('\n').filter((line) => line.trim() !== '')
  return { file, physical: text.trimEnd().split('\n').length, code: code.length }
}

export const sum = (sizes: readonly Size[], key: 'physical' | 'code') => sizes.reduce((total, size) => total + size[key], 0)

/** What is over a limit, in words. */
export function excesses(sizes: readonly Size[]): string[] {
  const long = sizes.filter(({ physical }) => physical > limits.file)
  const code = sum(sizes, 'code')
  return [
    ...long.map(({ file, physical }) => `core/${file} has ${physical} lines, at most ${limits.file} are allowed`),
    ...(code > limits.code ? [`core/ has ${code} lines of code, at most ${limits.code} are allowed`] : []),
  ]
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const sizes = coreSizes()
  for (const { file, physical, code } of sizes) console.log(`${String(physical).padStart(5)} ${String(code).padStart(5)}  core/${file}`)
  console.log(`${String(sum(sizes, 'physical')).padStart(5)} ${String(sum(sizes, 'code')).padStart(5)}  lines, and lines of code`)
  for (const excess of excesses(sizes)) {
    console.error(excess)
    process.exitCode = 1
  }
}
