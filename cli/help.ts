import { type Command, phraseOf } from './commands.js'

const globalFlags: readonly (readonly [string, string])[] = [
  ['--profile <name>', 'Keep state and configuration apart, in ~/.openclaw-<name>'],
  ['--dev', 'Same as --profile dev; only before the command'],
  ['--log-level <level>', 'silent, fatal, error, warn, info, debug or trace'],
  ['--no-color', 'Accepted; output has no colours'],
  ['-V, --version', 'Print the version'],
  ['-h, --help', 'Print help'],
]

const rows = (pairs: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...pairs.map(([left]) => left.length))
  return pairs.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n')
}

/** Help of the whole program. Groups are marked with `*`. */
export function rootHelp(version: string, commands: readonly Command[]): string {
  const groups = new Map<string, Command[]>()
  for (const command of commands) {
    const [word = ''] = command.name.split(' ')
    groups.set(word, [...(groups.get(word) ?? []), command])
  }
  const lines = [...groups].map(([word, members]): [string, string] => {
    const own = members.find((member) => phraseOf(member) === word)
    return [
      members.length > 1 ? `${word} *` : word,
      own?.summary ?? members.map((member) => phraseOf(member).slice(word.length + 1)).join(', '),
    ]
  })
  return [
    `OpenClaw ${version}`,
    'Usage: openclaw [global flags] <command> [subcommand] [flags]',
    `Commands:\n${rows(lines)}\n\nCommands marked * have subcommands: openclaw <command> --help`,
    `Global flags:\n${rows(globalFlags)}`,
  ].join('\n\n')
}

/** Help of a command, and of what lies below its words. */
export function commandHelp(words: readonly string[], command: Command | undefined, below: readonly Command[]): string {
  const flags = (command?.options ?? []).map(([flag, help, value]): [string, string] => [
    flag,
    value === undefined ? help : `${help} (default: ${value})`,
  ])
  return [
    `Usage: openclaw ${command?.name ?? `${words.join(' ')} <subcommand>`}${flags.length > 0 ? ' [flags]' : ''}`,
    ...(command ? [command.summary] : []),
    ...(below.length > 0 ? [`Commands:\n${rows(below.map(({ name, summary }) => [name, summary]))}`] : []),
    `Flags:\n${rows([...flags, ['-h, --help', 'Print help']])}`,
  ].join('\n\n')
}
