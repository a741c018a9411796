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

/** The command that the leading words name, longest first, and what follows them. */
export function matchCommand(commands: readonly Command[], args: readonly string[]): { command: Command; rest: string[] } | undefined {
  const byLength = [...commands].sort((a, b) => phraseOf(b).length - phraseOf(a).length)
  for (const command of byLength) {
    const words = phraseOf(command).split(' ')
    if (words.every((word, at) => args[at] === word)) return { command, rest: args.slice(words.length) }
  }
  return undefined
}
