import { type LoadedFile, lineOf, validateConfig } from 'openclaw/config'
import type { Issue } from 'openclaw/plugin'
import { emptySchema, gatewaySchema, limitsSchema } from '../../core/schema.js'
import { ownSections } from './own-schema.js'
import type { Composed } from './document.js'

/**
 * What keeps the gateway itself from starting: unknown keys outside of plugins' sections, and wrong values in the
 * kernel's and the CLI's. A plugin's own section is its own matter. Also the values with their defaults.
 */
export async function checkKernel({ gateway, limits, own, issues }: Composed) {
  const sections = [
    { schema: gatewaySchema, value: gateway, path: 'gateway' },
    { schema: limitsSchema, value: limits, path: 'limits' },
    ...Object.entries(ownSections).map(([path, schema]) => ({ schema, value: own[path], path })),
  ]
  // Most files have none of the small sections, and checking one may load the schema compiler.
  const written = sections.filter(({ path, value }) => path === 'gateway' || Object.keys(value ?? {}).length > 0)
  const checked = await Promise.all(
    written.map(async ({ schema, value, path }) => ({ path, ...(await validateConfig(schema, value, path)) })),
  )
  return {
    issues: [...issues.filter(({ plugin }) => plugin === undefined), ...unlisted(checked, issues)],
    values: checked.map(({ path, value }) => ({ path, value })),
  }
}

/** Every plugin's section against its schema: what is wrong, and the values with their defaults. */
export async function checkPlugins({ plugins, issues }: Composed) {
  const checked = await Promise.all(
    plugins.map(async ({ plugin, config, path = '' }) => {
      const result = await validateConfig(plugin.schema ?? emptySchema, config ?? {}, path)
      return { path, value: result.value, issues: result.issues.map((issue) => ({ ...issue, plugin: plugin.name })) }
    }),
  )
  return {
    issues: [...issues.filter(({ plugin }) => plugin !== undefined), ...unlisted(checked, issues)],
    values: checked.map(({ path, value }) => ({ path, value })),
  }
}

/** Unknown keys were found before, with a suggestion. */
const unlisted = (checked: readonly { issues: readonly Issue[] }[], found: readonly Issue[]) =>
  checked
    .flatMap(({ issues }) => issues)
    .filter(({ path, message }) => !found.some((each) => each.path === path && each.message.startsWith(message)))

/** Add file and line to an issue. An unknown key has its own line, not that of the object around it. */
export function locate(issue: Issue, { path: file, tree }: Pick<LoadedFile, 'path' | 'tree'>): Issue {
  if (issue.file !== undefined || tree === undefined) return { file, ...issue }
  const [, key] = /^Unrecognized key: "([^"]+)"/.exec(issue.message) ?? []
  const path = key === undefined ? issue.path : issue.path === '' ? key : `${issue.path}.${key}`
  return { ...issue, file, line: lineOf(tree, path) }
}

/** As in `gateway.port: Invalid input`; the document itself is `<root>`. */
export const issueText = ({ path, message }: Pick<Issue, 'path' | 'message'>): string => `${path === '' ? '<root>' : path}: ${message}`
