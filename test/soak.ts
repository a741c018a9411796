/** The full counts: `npm run soak -- --seed N`. The same tests as in CI, with the counts that take too long there. */
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' } } })
if (!/^\d+$/.test(values.seed)) throw new Error(`--seed takes a whole number, not "${values.seed}"`)

const counts = {
  OPENCLAW_TEST_SEED: values.seed,
  OPENCLAW_TEST_SPELLINGS: '100000',
  OPENCLAW_TEST_RELOADS: '1000',
  OPENCLAW_TEST_KILLS: '200',
  OPENCLAW_TEST_OPERATOR_RELOADS: '300',
}
const files = ['http', 'system/kill', 'system/operators', 'system/reload', 'system/faults'].map((name) => `test/${name}.test.ts`)

console.log(
  `soak: ${Object.entries(counts)
    .map((pair) => pair.join('='))
    .join(' ')}`,
)
for (const file of files) {
  const child = spawn(process.execPath, ['-C', 'openclaw-source', '--import', 'tsx', '--test', file], {
    stdio: 'inherit',
    env: { ...process.env, ...counts },
  })
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  if (code !== 0) process.exitCode = 1
}
