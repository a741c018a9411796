import { cac } from 'cac'
import { GatewayError } from 'openclaw/plugin'
import { type Command, phraseOf } from './commands.js'

export interface Parsed {
  readonly args: string[]
  /** By camel-case name. Flags with a value carry the text that was typed, those with `<…...>` all of them; flags without one `true`. */
  readonly options: Record<string, any>
}

/** Parse what follows a command's words. Throws `usage` with the text to print. */
export function parseCommand(command: Command, rest: readonly string[]): Parsed {
  const cli = cac('openclaw')
  const phrase = phraseOf(command)
  const definition = cli.command(command.name, command.summary)
  for (const [flag, help, value] of command.options ?? []) definition.option(flag, help, value === undefined ? {} : { default: value })
  cli.parse(['node', 'openclaw', phrase, ...rest], { run: false })
  const expected = (command.name.match(/[<[]/g) ?? []).length
  const variadic = command.name.includes('...')
  if (!variadic && cli.args.length > expected)
    throw usage(
      `error: too many arguments for '${phrase}'. Expected ${expected} argument${expected === 1 ? '' : 's'} but got ${cli.args.length}.`,
    )
  try {
    definition.checkUnknownOptions()
    definition.checkOptionValue()
    definition.checkRequiredArgs()
  } catch (error) {
    throw usage(translate((error as Error).message, command, rest))
  }
  return { args: [...cli.args], options: { ...cli.options, ...textValues(command, rest) } }
}

const usage = (message: string) => new GatewayError('usage', message)

/** The library's messages in the words that people and scripts know. */
function translate(message: string, { name }: Command, rest: readonly string[]): string {
  const [, unknown] = /^Unknown option `(-.*)`$/.exec(message) ?? []
  if (unknown) return `error: unknown option '${rest.map(flagName).find((flag) => camelCase(flag) === camelCase(unknown)) ?? unknown}'`
  const [, valued] = /^option `(.*)` value is missing$/.exec(message) ?? []
  if (valued) return `error: option '${valued}' argument missing`
  const [, missing] = /<([^>]*)>/.exec(name) ?? []
  return `error: missing required argument '${missing}'`
}

/** The library reads numbers where it can: a token of digits would lose its zeros. */
function textValues({ options = [] }: Command, rest: readonly string[]): Record<string, string | string[]> {
  const texts: Record<string, string | string[]> = {}
  const end = rest.indexOf('--')
  const words = end < 0 ? rest : rest.slice(0, end)
  for (const [flag] of options) {
    if (!flag.includes('<')) continue
    const names = namesOf(flag)
    const values = words.flatMap((word, at) => {
      const value = names.includes(word) ? words[at + 1] : names.includes(flagName(word)) ? word.slice(word.indexOf('=') + 1) : undefined
      return value === undefined ? [] : [value]
    })
    const key = camelCase(names.at(-1) ?? '')
    if (flag.includes('...>')) texts[key] = values
    else if (values.length > 0) texts[key] = values.at(-1) as string
  }
  return texts
}

/** `-m, --message <text>` has two. */
const namesOf = (flag: string): string[] => flag.replace(/<.*$/, '').match(/--?[\w-]+/g) ?? []

const flagName = (word: string) => word.replace(/=.*$/s, '')
const camelCase = (flag: string) => flag.replace(/^-+/, '').replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
