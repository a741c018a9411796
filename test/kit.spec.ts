import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { repository } from './support/third-party.js'

/** Which test of the conformance run fails for which plugin. */
const expected: Record<string, string[]> = {
  'reads-in-apply': ['apply does no input or output'],
  'timer-in-apply': ['apply does no input or output'],
  leaky: ['50 replacements leave handles and listeners flat'],
  fickle: ['apply declares the same each time'],
  loose: ['its schema is strict'],
  'closes-what-it-never-opened': ['a reload that is refused leaves nothing of it'],
  'never-starts': [
    'it becomes active',
    'adding and removing it leaves every table as before',
    '50 replacements leave handles and listeners flat',
    'closing twice is closing once',
  ],
}

test('the conformance run finds each broken promise, and blames nothing else', async () => {
  const report = await run(join(repository, 'test/fixtures/nonconforming.ts'))
  const failed: Record<string, string[]> = {}
  let names: string[] = []
  for (const line of report.split('\n')) {
    const [, indent, title] = /^( *)not ok \d+ - (.*)$/.exec(line) ?? []
    if (title === undefined) continue
    if (indent) names.push(title)
    else {
      failed[title.replace('conformance of ', '')] = names
      names = []
    }
  }
  assert.deepEqual(failed, expected)
})

/** Its report, whatever it ends with. */
const run = (file: string) =>
  new Promise<string>((resolve) => {
    const { NODE_TEST_CONTEXT: _inherited, ...env } = process.env
    const args = ['-C', 'openclaw-source', '--import', 'tsx', '--test-reporter=tap', file]
    execFile(process.execPath, args, { cwd: repository, env, timeout: 60_000 }, (_error, stdout) => resolve(stdout))
  })
