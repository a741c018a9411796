import { readFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { Ajv } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import { build, type BuildOptions, type Plugin } from 'esbuild'

/** The code generator's types describe its CommonJS export, which is the function itself. */
const generate = standalone as unknown as typeof standalone.default

/**
 * An esbuild plugin that compiles each exported schema of `files` to a validator and leaves its loader on the schema, under
 * `Symbol.for('openclaw.validate')`: checking a bundled plugin's configuration then loads no schema compiler. The validators of a
 * file are a chunk of their own, loaded when the first one is needed: a plugin that nobody configured gets its defaults without it.
 */
export async function compileSchemas(base: BuildOptions, root: string, files: readonly string[]): Promise<Plugin> {
  const modules = new Map<string, string>()
  const loaders = new Map<string, string[]>()
  for (const [file, exported] of await importAll(base, files)) {
    const schemas = Object.entries(exported).filter(([name]) => /schema$/i.test(name))
    for (const [name, schema] of schemas) modules.set(`${file}#${name}`, validatorOf(file, name, schema))
    const exports = schemas.map(([name]) => `export { validate as ${name} } from ${JSON.stringify(`validator:${file}#${name}`)}`)
    modules.set(file, exports.join('\n'))
    loaders.set(
      file,
      schemas.map(([name, schema]) => loaderOf(file, name, schema)),
    )
  }
  return {
    name: 'schemas',
    setup({ onLoad, onResolve }) {
      onLoad({ filter: /schema\.ts$/, namespace: 'file' }, async ({ path }) => {
        // By its path in the repository: what is built says nothing about the machine.
        const file = relative(root, path).replaceAll('\\', '/')
        const attach = loaders.get(file)
        if (!attach) return undefined
        return { contents: [await readFile(path, 'utf8'), ...attach].join('\n'), loader: 'ts', resolveDir: dirname(path) }
      })
      onResolve({ filter: /^validator:/ }, ({ path }) => ({ path: path.slice('validator:'.length), namespace: 'validator' }))
      onLoad({ filter: /./, namespace: 'validator' }, ({ path }) => ({
        contents: modules.get(path) as string,
        loader: 'js',
        resolveDir: root,
      }))
    },
  }
}

/** Each schema module, bundled by itself so that it can be run here whatever it imports. */
async function importAll(base: BuildOptions, files: readonly string[]) {
  const { outputFiles } = await build({ ...base, entryPoints: [...files], outdir: 'schemas', write: false })
  return Promise.all(
    outputFiles.map(
      async ({ text }, index): Promise<[string, Record<string, object>]> => [
        files[index] as string,
        await import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`),
      ],
    ),
  )
}

/** Code that leaves the loader on its schema. What an empty object becomes is known here, so that it asks for no validator. */
function loaderOf(file: string, name: string, schema: object): string {
  const load = `import(${JSON.stringify(`validator:${file}`)}).then((all) => all.${name})`
  const filled = {}
  if (!compilerOf().compile(schema)(filled)) return define(name, `() => ${load}`)
  const fill = `(value) => (Object.assign(value, ${JSON.stringify(filled)}), true)`
  return define(name, `(value) => value && Object.keys(value).length === 0 ? ${fill} : ${load}`)
}

const define = (name: string, loader: string) => `Object.defineProperty(${name}, Symbol.for('openclaw.validate'), { value: ${loader} })`

/** The same options as at run time, so that both find the same errors. */
function compilerOf(): Ajv {
  const ajv = new Ajv({
    useDefaults: true,
    allErrors: true,
    strict: true,
    verbose: true,
    allowUnionTypes: true,
    code: { source: true, esm: true },
  })
  for (const word of ['x-reload', 'x-secret', 'x-label', 'x-help']) ajv.addKeyword(word)
  return ajv
}

function validatorOf(file: string, name: string, schema: object): string {
  const ajv = compilerOf()
  try {
    return generate(ajv, ajv.compile(schema))
  } catch (error) {
    throw new Error(`${file}: the schema "${name}" does not compile: ${(error as Error).message}`, { cause: error })
  }
}
