import { defineSchema, type Schema } from 'openclaw/plugin'
import { closed, flag, type Node, text, texts, whole } from './node.js'

const secretProvider: Node = {
  anyOf: [
    closed({ source: { const: 'env' }, allowlist: { ...texts, maxItems: 256 } }, { required: ['source'] }),
    closed(
      {
        source: { const: 'file' },
        path: text,
        mode: { type: 'string', enum: ['json', 'singleValue'] },
        timeoutMs: whole(1, 120_000),
        maxBytes: whole(1, 20_971_520),
      },
      { required: ['source', 'path'] },
    ),
    closed(
      {
        source: { const: 'exec' },
        command: text,
        args: { ...texts, maxItems: 128 },
        env: { type: 'object', additionalProperties: { ...text, 'x-secret': true } },
        passEnv: { ...texts, maxItems: 128 },
        trustedDirs: { ...texts, maxItems: 64 },
        timeoutMs: whole(1, 120_000),
        maxOutputBytes: whole(1, 20_971_520),
        jsonOnly: flag,
        allowInsecurePath: flag,
        allowSymlinkCommand: flag,
      },
      { required: ['source', 'command'] },
    ),
  ],
}

export const envSchema = defineSchema<unknown>({
  type: 'object',
  'x-reload': 'process',
  properties: { vars: { type: 'object', additionalProperties: text } },
  additionalProperties: text,
})

export const secretsSchema = defineSchema<unknown>(
  closed({
    providers: { type: 'object', additionalProperties: secretProvider },
    defaults: closed({ env: text, file: text, exec: text }),
  }),
)

export const commandsSchema = defineSchema<unknown>(
  closed({ restart: { ...flag, 'x-help': 'Whether SIGUSR1 from outside restarts the gateway. Default true.' } }),
)

export const pluginsSchema = defineSchema<unknown>(
  closed({
    enabled: { ...flag, 'x-help': 'Whether third-party plugins load at all. Default true.' },
    allow: { ...texts, 'x-help': 'When it names any, only these load, and what they need.' },
    deny: { ...texts, 'x-help': 'These never load.' },
    load: closed({ paths: { ...texts, 'x-help': 'Files or folders of plugins, relative to the configuration file.' } }),
    entries: { type: 'object', additionalProperties: closed({ enabled: flag, config: { type: 'object' } }) },
    installs: { type: 'object', additionalProperties: { type: 'object', properties: { installPath: text } } },
  }),
)

/** Sections that belong to the CLI itself: it reads them before there is a gateway. */
export const ownSections: Readonly<Record<string, Schema>> = {
  env: envSchema,
  secrets: secretsSchema,
  commands: commandsSchema,
  plugins: pluginsSchema,
}
