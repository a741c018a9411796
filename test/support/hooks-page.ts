/** Writes docs/hooks.md from the table of hooks. Run it after a change of `core/hooks.ts`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { hooks } from '../../core/hooks.js'
import { markdownTable } from './markdown-table.js'

export const hooksPage = fileURLToPath(new URL('../../docs/hooks.md', import.meta.url))
const source = fileURLToPath(new URL('../../core/hooks.ts', import.meta.url))

const failures = {
  reject: 'the candidate is refused',
  deny: 'the request is denied',
  fault: 'a fault; the other taps still run',
}

const rows = Object.entries(hooks).map(([name, { create, budgetMs, failure, summary }]) => [
  `\`${name}\``,
  create().constructor.name,
  summary,
  `${budgetMs / 1_000} s`,
  failures[failure],
])

/** The types of what the taps receive, as they stand in the source. */
function events(): string {
  const [found] = /^export interface HookEvents \{[^]*?^\}/m.exec(readFileSync(source, 'utf8')) ?? []
  if (!found) throw new Error(`${source} has no interface HookEvents`)
  return found.replace('export ', '')
}

/** The page as it should be. */
export const renderHooksPage = (): string => `# Lifecycle hooks

This page is generated from \`core/hooks.ts\`; edit that file, then run
\`node -C openclaw-source --import tsx test/support/hooks-page.ts\`.

A plugin taps a hook in \`apply\`: \`kernel.hooks.<name>.tap((event) => …)\`. There are no other hooks. Things of which there
can be many (routes, providers, probes) are tables, not hooks: see [writing a plugin](writing-a-plugin.md).

${markdownTable(['hook', 'tapable type', 'when', 'budget', 'a tap fails or overruns'], rows)}

What the last column means:

- **The candidate is refused.** On a reload the running gateway stays as it was. At boot only that plugin is left out, with
  what needs it; where \`start\` fails, the plugin is \`failed\` and tried again after 1 s … 5 min. A plugin that is
  \`exclusive\` starts after the reload is committed, so its failing \`start\` is treated as at boot.
- **The request is denied.** Status 403, code \`forbidden\`. A quarantined plugin's tap denies as well: a check that cannot run
  lets nobody through.
- **A fault.** Logged and counted under the plugin's name, and told to the taps of \`fault\`. Five faults within a minute
  quarantine the plugin for a minute, doubling with each repetition up to an hour: its routes answer 503 and its
  notifications are skipped.

The budget is the time of one tap. \`limits.budgetsMs.<hook>\` changes it. Only a tap that answers with a promise can be cut
off: a synchronous one blocks the process, so keep it short.

Taps run in the order of the plugins, each after the plugins it requires; \`close\` runs in reverse, \`drain\` all at once.
Notifications (\`connected\`, \`disconnected\`, \`served\`, \`fault\`, \`logged\`) wait for nobody. \`authenticate\` and
\`authorize\` end at the first answer, and cost nothing where nobody tapped them.

## What a tap receives

One object, typed by the hook's name. \`openclaw/plugin\` exports these types, \`openclaw\` the \`Report\`; a \`Reason\` is
\`'boot'\`, \`'reload'\` or \`'retry'\`.

\`\`\`ts
${events()}
\`\`\`

\`authenticate\` answers a \`Principal\` (\`{ kind, id, scopes }\`), a \`Denial\` (\`{ deny: '<error code>', message? }\`) or nothing.
\`authorize\` answers a \`Denial\` or nothing. Every other hook's taps answer nothing.
`

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(hooksPage, renderHooksPage())
