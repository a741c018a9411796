import { GatewayError, messageOf } from 'openclaw/plugin'
import { failureText } from '../plugins/contracts/offline.js'
import { bundledCommands, type Command, hoistSubcommand, matchCommand, phraseOf } from './commands.js'
import { runOptions } from './gateway/flags.js'
import { nearest } from './config/nearest.js'
import { createOutput, type Output } from './output.js'
import { type Env, resolvePaths } from './paths.js'
import { parseCommand } from './parse.js'
import { type Invocation, readInvocation } from './profile.js'
import { standard } from './standard.js'
import { readVersion } from './version.js'

/** Built in, beside what plugins add under the same word. */
const runCommands: readonly Command[] = [
  { name: 'gateway', summary: 'Run the gateway in the foreground', options: runOptions },
  { name: 'gateway run', summary: 'Run the gateway in the foreground', options: runOptions },
]

/** These say themselves what is wrong with an invalid configuration, or do not need a valid one. */
const unguarded = ['config validate', 'config file', 'config schema', 'plugins', 'doctor']
/** These say it and go on with what is usable: they are for finding out why something does not work. */
const undaunted = ['logs', 'health', 'status', 'gateway status', 'gateway health', 'gateway probe', 'gateway call', 'daemon status']

/** The whole command line program: answers the exit code. */
export async function runProgram(argv: readonly string[], env: Env, out: Output = createOutput()): Promise<number> {
  const invocation = readInvocation(argv, env)
  if (invocation.problem !== undefined) {
    out.error(`[openclaw] ${invocation.problem}`)
    return 2
  }
  const { args } = invocation
  const [word] = args
  if (word === '-V' || word === '-v' || word === '--version') {
    out.print(`OpenClaw ${readVersion()}`)
    return 0
  }
  try {
    if (word === undefined || word === 'help' || word === '-h' || word === '--help') {
      const words = args.slice(1).filter((arg) => !arg.startsWith('-'))
      return await printHelp(words, out)
    }
    return await runCommand(word, invocation, out)
  } catch (error) {
    const { code } = error instanceof GatewayError ? error : { code: 'internal' }
    out.error(plain.includes(code) ? messageOf(error) : failureText(error))
    return 1
  }
}

/** Codes of errors whose text says by itself that it is one. */
const plain = ['usage', 'not_reachable', 'unsafe_url']

const commandsFor = async (word: string) => [...(word === 'gateway' ? runCommands : []), ...(await bundledCommands(word))]

async function runCommand(word: string, invocation: Invocation, out: Output): Promise<number> {
  const { args, env, logLevel } = invocation
  if (word.startsWith('-')) throw new GatewayError('usage', `error: unknown option '${word.replace(/=.*$/s, '')}'`)
  const commands = await commandsFor(word)
  if (commands.length === 0) throw unknownCommand(word, ['gateway', 'help', ...standard.flatMap(({ commands: words = [] }) => words)])
  const end = args.indexOf('--')
  const before = end < 0 ? args : args.slice(0, end)
  if (before.includes('--help') || before.includes('-h')) {
    const words = before.slice(
      0,
      before.findIndex((arg) => arg.startsWith('-')),
    )
    return printHelp(words, out)
  }
  const match = matchCommand(commands, hoistSubcommand(commands, args))
  if (!match && args.length === 1) return printHelp([word], out)
  if (!match)
    throw unknownCommand(
      args[1] as string,
      commands.map((each) => phraseOf(each).split(' ')[1] ?? ''),
    )
  const paths = resolvePaths(env)
  const context = { env, paths, version: readVersion(), out }
  const parsed = parseCommand(match.command, match.rest)
  const { load } = match.command
  if (!load) {
    const { runGateway } = await import('./gateway/run.js')
    return runGateway(parsed.options, { ...context, logLevel })
  }
  const { createOffline } = await import('./offline.js')
  const offline = createOffline(context)
  if (!isAmong(unguarded, match.command)) {
    const { issues } = await offline.config()
    const { printGuard } = await import('./failure.js')
    if (issues.length > 0) printGuard(out, paths, issues)
    if (issues.length > 0 && !isAmong(undaunted, match.command)) return 1
  }
  return (await load()).run(offline, parsed.args, parsed.options)
}

const isAmong = (phrases: readonly string[], command: Command) => phrases.some((phrase) => `${phraseOf(command)} `.startsWith(`${phrase} `))

function unknownCommand(word: string, known: readonly string[]) {
  const near = nearest(word, known.filter(Boolean))
  return new GatewayError('usage', `error: unknown command '${word}'${near === undefined ? '' : `\n(did you mean '${near}'?)`}`)
}

async function printHelp(words: readonly string[], out: Output): Promise<number> {
  const { commandHelp, rootHelp } = await import('./help.js')
  const [word] = words
  if (word === undefined) {
    out.print(rootHelp(readVersion(), [...runCommands, ...(await bundledCommands())]))
    return 0
  }
  const commands = await commandsFor(word)
  if (commands.length === 0) throw unknownCommand(word, ['gateway', ...standard.flatMap(({ commands: own = [] }) => own)])
  const command = matchCommand(commands, words)?.command
  const path = command ? phraseOf(command) : word
  const below = commands.filter((each) => each !== command && `${phraseOf(each)} `.startsWith(`${path} `))
  out.print(commandHelp([word], command, below))
  return 0
}
