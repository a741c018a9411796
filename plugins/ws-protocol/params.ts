import { type Schema, type SchemaError, type Validator, validatorOf } from 'openclaw/plugin'

const made = new WeakMap<object, Validator>()

/** The problems of a method's parameters, in the words that clients know; undefined when there is none. Answers at once after the first call. */
export function checkParams(schema: Schema, params: unknown): string | undefined | Promise<string | undefined> {
  const validate = made.get(schema)
  if (validate) return check(validate, params)
  return validatorOf(schema).then((fresh) => {
    made.set(schema, fresh)
    return check(fresh, params)
  })
}

const check = (validate: Validator, params: unknown) => (validate(params) ? undefined : describe(validate.errors ?? []))

/** `at <pointer>: <problem>`, joined by `; `, each once; nothing before what is wrong with the whole. */
function describe(errors: readonly SchemaError[]): string {
  const parts = errors.map(({ instancePath, keyword, message = keyword, params }) =>
    keyword === 'additionalProperties'
      ? `at ${instancePath || 'root'}: unexpected property '${params['additionalProperty']}'`
      : `${instancePath ? `at ${instancePath}: ` : ''}${message}`,
  )
  return [...new Set(parts)].join('; ')
}
