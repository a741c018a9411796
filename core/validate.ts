import type { Issue } from './errors.js'
import type { Schema } from './tokens.js'

/** What ajv says of one problem. */
export interface SchemaError {
  instancePath: string
  keyword: string
  message?: string
  params: Record<string, any>
  data?: unknown
}
export type Validator = ((value: unknown) => boolean) & { errors?: SchemaError[] | null }

/**
 * Where the build leaves a loader of the compiled validator on a bundled schema, so that running it loads no schema compiler. It gets
 * the value, as for an empty one it need not load anything.
 */
const compiled = Symbol.for('openclaw.validate')
const validators = new WeakMap<object, Promise<Validator>>()

/** Checks values against a schema and fills in its defaults: made at build for bundled schemas, else at first use. */
export async function validatorOf(schema: Schema, value?: unknown): Promise<Validator> {
  const ready = (schema as { [compiled]?: (value: unknown) => Validator | Promise<Validator> })[compiled]?.(value) ?? validators.get(schema)
  if (ready) return ready
  const pending = import('ajv').then(({ default: { Ajv } }) => {
    const ajv = new Ajv({ useDefaults: true, allErrors: true, strict: true, verbose: true, allowUnionTypes: true })
    for (const word of ['x-reload', 'x-secret', 'x-label', 'x-help']) ajv.addKeyword(word)
    return ajv.compile(schema) as Validator
  })
  validators.set(schema, pending)
  return pending
}

/**
 * Check a value against a plugin's schema. Answers a copy with the schema's defaults, and every issue with its dotted
 * path below `base`.
 */
export async function validateConfig(schema: Schema, value: unknown, base: string): Promise<{ value: unknown; issues: Issue[] }> {
  const validate = await validatorOf(schema, value)
  const copy = structuredClone(value)
  if (validate(copy)) return { value: copy, issues: [] }
  return {
    value: copy,
    issues: (validate.errors ?? []).filter(({ keyword }) => keyword !== 'if').map((error) => issueOf(error, base)),
  }
}

function issueOf({ instancePath, keyword, message, params, data }: SchemaError, base: string): Issue {
  const at = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'))
  const path = [base, ...at].filter(Boolean).join('.')
  if (keyword === 'additionalProperties') return { path, message: `Unrecognized key: "${params['additionalProperty']}"` }
  if (keyword === 'required') return { path: [path, params['missingProperty']].filter(Boolean).join('.'), message: 'Required.' }
  if (keyword === 'type')
    return {
      path,
      message: `Invalid input: expected ${[params['type']].flat().join(' or ')}, received ${typeName(data)}`,
    }
  if (keyword === 'enum' || keyword === 'const') {
    const allowed = [params['allowedValues'] ?? params['allowedValue']].flat().map((v) => JSON.stringify(v))
    return { path, message: `Invalid input (allowed: ${allowed.join(', ')})` }
  }
  return { path, message: `Invalid input: ${message ?? keyword}` }
}

const typeName = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)
