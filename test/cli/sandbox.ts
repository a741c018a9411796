import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { nameExports } from '../../cli/build/interop.js'

export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A child process, mostly the command line program. */
export interface Child {
  readonly process: ChildProcess
  readonly finished: Promise<Finished>
  /** Everything printed so far, both streams. */
  output(): string
  /** Wait until what it printed after `from` matches. */
  printed(pattern: RegExp, from?: number): Promise<RegExpExecArray>
  /** `http://…` of a gateway that listens. */
  url(): Promise<string>
  stop(signal?: NodeJS.Signals): Promise<Finished>
}

export interface Sandbox {
  readonly home: string
  readonly state: string
  readonly config: string
  /** Write the configuration: text as it is, anything else as JSON. */
  write(document: unknown): void
  read(): string
  run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Finished>
  start(args: readonly string[], env?: NodeJS.ProcessEnv, cwd?: string): Child
  /** End what still runs and remove everything. */
  remove(): Promise<void>
}

const repository = fileURLToPath(new URL('../..', import.meta.url))
const loader = ['-C', 'openclaw-source', '--import', import.meta.resolve('tsx')]
const limitMs = 30_000

/** Arguments of `node` that run a TypeScript file with this repository's sources. */
export const nodeArgs = (file: string, ...args: string[]) => [...loader, file, ...args]

/** The database driver finds its binary beside its own files. */
const external = ['typescript', '@photostructure/sqlite']

/** Modules of this repository with all they import, so that many processes can start from them quickly. */
export const bundle = (sources: Record<string, string>, outdir: string) =>
  build({
    absWorkingDir: repository,
    entryPoints: sources,
    outdir,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    conditions: ['openclaw-source'],
    external,
    plugins: [nameExports(external)],
    banner: { js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);" },
    logLevel: 'silent',
  })

/** The program, bundled once from the sources as they are now: a start from it takes a tenth of one through a loader. */
async function bundleProgram(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'openclaw-program-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  copyFileSync(join(repository, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'))
  await bundle({ cli: 'cli/main.ts' }, join(folder, 'dist'))
  return join(folder, 'dist', 'cli.mjs')
}
const program = await bundleProgram()

/** A home of its own, with temporary directory and locks in it, and no model server that happens to run on this machine. */
export function createSandbox(): Sandbox {
  const home = mkdtempSync(join(tmpdir(), 'openclaw-cli-'))
  const state = join(home, '.openclaw')
  const config = join(state, 'openclaw.json')
  const children = new Set<Child>()
  const start: Sandbox['start'] = (args, env = {}, cwd = home) => {
    const own = { PATH: process.env['PATH'], HOME: home, TMPDIR: home, OLLAMA_HOST: '127.0.0.1:1', ...env }
    const child = follow(spawn(process.execPath, [program, ...args], { env: own, cwd }))
    children.add(child)
    void child.finished.then(() => children.delete(child))
    return child
  }
  return {
    home,
    state,
    config,
    start,
    write(document) {
      mkdirSync(dirname(config), { recursive: true, mode: 0o700 })
      writeFileSync(config, typeof document === 'string' ? document : JSON.stringify(document, null, 2), { mode: 0o600 })
    },
    read: () => readFileSync(config, 'utf8'),
    run: (args, env) => start(args, env).finished,
    async remove() {
      await Promise.all([...children].map((child) => child.stop('SIGKILL')))
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** Collect what a process prints, for tests that wait for it. */
export function follow(process: ChildProcess): Child {
  let stdout = ''
  let stderr = ''
  let output = ''
  const waiting = new Set<() => void>()
  const hear = (stream: NodeJS.ReadableStream | null, add: (text: string) => void) =>
    stream?.on('data', (chunk: Buffer) => {
      add(String(chunk))
      output += chunk
      for (const look of waiting) look()
    })
  hear(process.stdout, (text) => (stdout += text))
  hear(process.stderr, (text) => (stderr += text))
  const finished = new Promise<Finished>((resolve) => {
    process.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  const printed: Child['printed'] = (pattern, from = 0) =>
    new Promise((resolve, reject) => {
      const settle = (then: () => void) => {
        clearTimeout(timer)
        waiting.delete(look)
        then()
      }
      const fail = (why: string) => settle(() => reject(new Error(`${why} without ${pattern}:\n${output}`)))
      const look = () => {
        const found = pattern.exec(output.slice(from))
        if (found) settle(() => resolve(found))
      }
      const timer = setTimeout(() => fail('waited'), limitMs)
      waiting.add(look)
      void finished.then(() => {
        look()
        fail('ended')
      })
      look()
    })
  return {
    process,
    finished,
    printed,
    output: () => output,
    async url() {
      const [, host] = await printed(/listening on wss?:\/\/([^,\s]+)/)
      await quiet(() => output.length)
      return `http://${host}`
    },
    async stop(signal = 'SIGTERM') {
      process.kill(signal)
      return finished
    },
  }
}

/** What a start says comes in several pieces and over two pipes: wait until no more came for a moment. */
async function quiet(length: () => number) {
  for (let seen = -1; seen !== length(); ) {
    seen = length()
    await new Promise((resolve) => setTimeout(resolve, 80))
  }
}

export const token = '0123456789abcdef-for-tests'
/** The least that runs, on a free port. */
export const minimal = (more: Record<string, unknown> = {}, gateway: Record<string, unknown> = {}) => ({
  gateway: { mode: 'local', port: 0, auth: { mode: 'token', token }, reload: { debounceMs: 20 }, ...gateway },
  ...more,
})
