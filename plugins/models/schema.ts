import { defineSchema } from 'openclaw/plugin'

/** The section `models` without `models.providers`, whose entries belong to the provider plugins. */
export interface Config {
  /** `merge` adds configured models to built-in catalogs, `replace` drops those. None is built in, so both are the same. */
  readonly mode?: 'merge' | 'replace'
  /** Short names for models, on top of those in `agents`. */
  readonly aliases?: Readonly<Record<string, string>>
}

export const schema = defineSchema<Config>({
  type: 'object',
  additionalProperties: false,
  properties: {
    mode: {
      enum: ['merge', 'replace'],
      'x-help': 'Accepted for existing files. No catalog is built in, so both list exactly what providers have.',
    },
    aliases: {
      type: 'object',
      maxProperties: 1_000,
      propertyNames: { pattern: '^[^/]{1,100}$' },
      additionalProperties: { type: 'string', pattern: '^[^/]+/.+$' },
      'x-help': 'Short name to "provider/model". Case does not matter. A name given in agents wins.',
    },
  },
})
