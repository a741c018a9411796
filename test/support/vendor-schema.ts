import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Ajv, type ValidateFunction } from 'ajv'

const require = createRequire(import.meta.url)
const types = {
  chat: 'OpenAI.Chat.Completions.ChatCompletionCreateParams',
  embedding: 'OpenAI.EmbeddingCreateParams',
  response: 'OpenAI.Responses.Response',
  responseEvent: 'OpenAI.Responses.ResponseStreamEvent',
  responseItems: 'OpenAI.Responses.ResponseItemList',
}
/** Bodies that the vendor has official types for. */
export type VendorType = keyof typeof types

/**
 * The schema of all types in one document: made once per version of the `openai` package, in some seconds, then cached. `npm test` runs this
 * file before the tests, so that they neither make it side by side nor wait for it in the middle.
 */
function vendorSchema(): Record<string, unknown> {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const version = require(join(root, 'node_modules/openai/package.json')).version as string
  const cached = join(root, 'node_modules/.cache/openclaw-test', `openai-${version}-${Object.keys(types).join('-')}.json`)
  if (existsSync(cached)) return JSON.parse(readFileSync(cached, 'utf8'))
  mkdirSync(dirname(cached), { recursive: true })
  const source = `${cached}.${process.pid}.ts`
  const aliases = Object.entries(types).map(([name, type]) => `export type ${name} = ${type}\n`)
  writeFileSync(source, `import type OpenAI from 'openai'\n${aliases.join('')}`)
  const { createGenerator } = require('ts-json-schema-generator') as typeof import('ts-json-schema-generator')
  const config = { path: source, type: '*', tsconfig: join(root, 'tsconfig.json'), skipTypeCheck: true }
  const schema = createGenerator(config).createSchema('*') as Record<string, unknown>
  writeFileSync(source, JSON.stringify(schema))
  renameSync(source, cached)
  return schema
}

let ajv: Ajv | undefined
const compiled = new Map<VendorType, ValidateFunction>()

/**
 * What is wrong with a body by the vendor's own TypeScript types, or nothing. Unknown keys are wrong. Compiled once for
 * all tests of a process.
 */
export function violationOf(type: VendorType, body: unknown): string | undefined {
  ajv ??= new Ajv({ strict: false, allErrors: false }).addSchema(vendorSchema(), 'vendor')
  const validate = compiled.get(type) ?? ajv.compile({ $ref: `vendor#/definitions/${type}` })
  compiled.set(type, validate)
  return validate(body) ? undefined : ajv.errorsText(validate.errors, { dataVar: 'body' }).slice(0, 1_000)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) vendorSchema()
