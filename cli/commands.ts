import type { CommandRow } from '../plugins/contracts/offline.js'
import { type BundledPlugin, standard } from './standard.js'

/** What `cac` gets to see of a command; built-in ones have no manifest. */
export type Command = Pick<CommandRow, 'name' | 'summary' | 'options'> & Partial<Pick<CommandRow, 'load'>>

/** Words of a command without its placeholders. */
export const phraseOf = ({ name }: Pick<Command, 'name'>): string => name.replace(/\s*[<[].*$/, '')

async function manifestCommands({ manifest }: BundledPlugin): Promise<Command[]> {
  const rows: Command[] = []
  if (manifest) (await manifest()).manifest.commands?.({ add: (row) => void rows.push(row) })
  return rows
}

/** Commands of bundled plugins that begin with a word, or all of them. Only the manifests that are needed are loaded. */
export async function bundledCommands(word?: string): Promise<Command[]> {
  const owners = standard.filter(({ commands }) => commands && (word === undefined || commands.includes(word)))
  return (await Promise.all(owners.map(manifestCommands))).flat()
}

/**
 * `gateway --token x status` is `gateway status --token x`: the first bare word behind flags, where it names a subcommand,
 * comes to the front. The values of flags are no words.
 */
export function hoistSubcommand(commands: readonly Command[], args: readonly string[]): string[] {
  const [word = '', ...rest] = args
  const subcommands = new Set(commands.map((each) => phraseOf(each).split(' ')[1]))
  const valued = new Set(
    commands.flatMap(({ options = [] }) => options.flatMap(([flag]) => (flag.includes('<') ? flag.match(/-[\w-]+/g) : []))),
  )
  const at = rest.findIndex((each, at) => !each.startsWith('-') && !valued.has(rest[at - 1] ?? ''))
  const found = rest[at]
  if (at <= 0 || found === undefined || !subcommands.has(found) || rest.slice(0, at).includes('--')) return [...args]
  return [word, found, ...rest.slice(0, at), ...rest.slice(at + 1)]
}

/** The command that the leading words name, longest first, and what follows them. */
export function matchCommand(commands: readonly Command[], args: readonly string[]): { command: Command; rest: string[] } | undefined {
  const byLength = [...commands].sort((a, b) => phraseOf(b).length - phraseOf(a).length)
  for (const command of byLength) {
    const words = phraseOf(command).split(' ')
    if (words.every((word, at) => args[at] === word)) return { command, rest: args.slice(words.length) }
  }
  return undefined
}
