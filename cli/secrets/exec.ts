import { spawn } from 'node:child_process'
import { lstat, realpath } from 'node:fs/promises'
import { dirname, isAbsolute, sep } from 'node:path'
import { messageOf, printable } from 'openclaw/plugin'
import type { Env } from '../paths.js'
import { secretError, type SecretProvider } from './provider.js'

type ExecProvider = Extract<SecretProvider, { source: 'exec' }>

/** Hard ceilings; a provider may ask for less. */
const longestMs = 10_000
const mostBytes = 65_536

/**
 * Ask a helper program for one value: a JSON request on its stdin, a JSON answer on its stdout. No shell; it gets its
 * fixed arguments and only the environment that the provider names.
 */
export async function runSecretHelper(alias: string, provider: ExecProvider, id: string, env: Env): Promise<string> {
  await checkCommand(alias, provider)
  const request = JSON.stringify({ protocolVersion: 1, provider: alias, ids: [id] })
  const answer = await run(alias, provider, request, env)
  const value = readAnswer(alias, provider, answer, id)
  if (typeof value !== 'string' || value === '') throw secretError(`Exec provider "${alias}" has no value for "${id}".`)
  return value
}

async function checkCommand(alias: string, provider: ExecProvider) {
  const where = `secrets.providers.${alias}.command`
  const { command, trustedDirs } = provider
  if (!isAbsolute(command)) throw secretError(`${where} must be an absolute path.`)
  const stats = await lstat(command).catch((error) => {
    throw secretError(`${where} is not readable: ${messageOf(error)}`)
  })
  if (stats.isSymbolicLink() && !provider.allowSymlinkCommand)
    throw secretError(`${where} must not be a symlink (or set allowSymlinkCommand).`)
  const target = await realpath(command)
  if (trustedDirs && !trustedDirs.some((directory) => target.startsWith(directory.replace(/[/\\]*$/, sep))))
    throw secretError(`${where} is outside of trustedDirs.`)
  if (provider.allowInsecurePath || process.getuid === undefined) return
  const owner = await lstat(target)
  if (owner.uid !== process.getuid() && owner.uid !== 0)
    throw secretError(`${where} must be owned by the current user (uid=${process.getuid()}) or root.`)
  if ((owner.mode & 0o022) !== 0) throw secretError(`${where} must not be writable by group or others.`)
}

function run(alias: string, provider: ExecProvider, request: string, env: Env): Promise<string> {
  const { command, args = [], passEnv = [], trustedDirs: _ } = provider
  const timeoutMs = Math.min(provider.timeoutMs ?? 5_000, longestMs)
  const maxBytes = Math.min(provider.maxOutputBytes ?? mostBytes, mostBytes)
  const passed = Object.fromEntries(passEnv.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: dirname(command),
      env: { ...passed, ...provider.env },
      stdio: ['pipe', 'pipe', 'ignore'],
      shell: false,
      windowsHide: true,
    })
    const chunks: Buffer[] = []
    let size = 0
    const fail = (reason: string) => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(secretError(`Exec provider "${alias}" ${reason}`))
    }
    const timer = setTimeout(() => fail(`timed out after ${timeoutMs}ms.`), timeoutMs)
    child.on('error', (error) => fail(`could not be started: ${messageOf(error)}`))
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBytes) fail(`exceeded maxOutputBytes (${maxBytes}).`)
      else chunks.push(chunk)
    })
    // A helper that does not read its request may still answer.
    child.stdin.on('error', () => undefined)
    child.on('close', (code) => {
      if (code !== 0) return fail(`exited with code ${code}.`)
      clearTimeout(timer)
      resolve(Buffer.concat(chunks).toString('utf8'))
    })
    child.stdin.end(request)
  })
}

function readAnswer(alias: string, { jsonOnly = true }: ExecProvider, text: string, id: string): unknown {
  try {
    const answer = JSON.parse(text) as { values?: Record<string, unknown>; errors?: Record<string, { message?: string }> }
    const refused = answer.errors?.[id]?.message
    if (refused) throw secretError(`Exec provider "${alias}": ${printable(refused)}`)
    if (answer.values && Object.hasOwn(answer.values, id)) return answer.values[id]
    if (jsonOnly) return undefined
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    if (jsonOnly) throw secretError(`Exec provider "${alias}" answered something that is not JSON.`)
  }
  return text.replace(/\r?\n$/, '')
}
