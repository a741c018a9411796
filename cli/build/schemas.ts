import { readFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { Ajv } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import { build, type BuildOptions, type Plugin } from 'esbuild'

/** The code generator's types describe its CommonJS export, which is the function itself. */
const generate = standalone as unknown as typeof standalone.default

/**
 * An esbuild plugin that compiles each exported schema of `files` to a validator and leaves it on the schema, under
 * `Symbol.for('openclaw.validate')`: checking a bundled plugin's configuration then loads no schema compiler.
 */
export async function compileSchemas(base: BuildOptions, root: string, files: readonly string[]): Promise<Plugin> {
  const validators = new Map<string, string>()
  const names = new Map<string, string[]>()
  for (const [file, exported] of await importAll(base, files)) {
    const schemas = Object.entries(exported).filter(([name]) => /schema$/i.test(name))
    for (const [name, schema] of schemas) validators.set(`${file}#${name}`, validatorOf(file, name, schema))
    names.set(
      file,
      schemas.map(([name]) => name),
    )
  }
  return {
    name: 'schemas',
    setup({ onLoad, onResolve }) {
      onLoad({ filter: /schema\.ts$/ }, async ({ path }) => {
        // By its path in the repository: what is built says nothing about the machine.
        const file = relative(root, path).replaceAll('\\', '/')
        const attach = names
          .get(file)
          ?.map(
            (name, index) =>
              `import { validate as $${index} } from ${JSON.stringify(`validator:${file}#${name}`)}\n` +
              `Object.defineProperty(${name}, Symbol.for('openclaw.validate'), { value: $${index} })`,
          )
        if (!attach) return undefined
        return { contents: [await readFile(path, 'utf8'), ...attach].join('\n'), loader: 'ts', resolveDir: dirname(path) }
      })
      onResolve({ filter: /^validator:/ }, ({ path }) => ({ path: path.slice('validator:'.length), namespace: 'validator' }))
      onLoad({ filter: /./, namespace: 'validator' }, ({ path }) => ({
        contents: validators.get(path) as string,
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

/** The same options as at run time, so that both find the same errors. */
function validatorOf(file: string, name: string, schema: object): string {
  const ajv = new Ajv({
    useDefaults: true,
    allErrors: true,
    strict: true,
    verbose: true,
    allowUnionTypes: true,
    code: { source: true, esm: true },
  })
  for (const word of ['x-reload', 'x-secret', 'x-label', 'x-help']) ajv.addKeyword(word)
  try {
    return generate(ajv, ajv.compile(schema))
  } catch (error) {
    throw new Error(`${file}: the schema "${name}" does not compile: ${(error as Error).message}`, { cause: error })
  }
}
