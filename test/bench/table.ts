import { cpus } from 'node:os'

/** What one number of the gateway has to be, as a multiple of the floor's in the same round. */
export type Target = { readonly atMost: number } | { readonly atLeast: number }

export interface Row {
  readonly name: string
  readonly unit: string
  readonly floor: number
  readonly gateway: number
  readonly ratio: number
  /** Without one, nothing is asked of the ratio. */
  readonly target?: Target
  /** More about how it was, as in latencies. */
  readonly note?: string
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** Values of the same rounds. The ratio is the median of the rounds' ratios, so that what slows one round down hits both sides of it. */
export const row = (
  name: string,
  unit: string,
  floor: readonly number[],
  gateway: readonly number[],
  target?: Target,
  note?: string,
): Row => ({
  name,
  unit,
  floor: median(floor),
  gateway: median(gateway),
  ratio: median(gateway.map((value, i) => value / (floor[i] as number))),
  ...(target && { target }),
  ...(note !== undefined && { note }),
})

const passes = (ratio: number, target: Target) => ('atMost' in target ? ratio <= target.atMost : ratio >= target.atLeast)

const number = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 3 })
const limit = (target: Target) => ('atMost' in target ? `≤ ${target.atMost}` : `≥ ${target.atLeast}`)

const head = ['', 'floor', 'gateway', 'ratio', 'target', 'met', 'p50 / p99 of floor, gateway']
const cells = (each: Row) => [
  `${each.name}, ${each.unit}`,
  number(each.floor),
  number(each.gateway),
  each.ratio.toFixed(2),
  each.target ? limit(each.target) : '–',
  each.target ? (passes(each.ratio, each.target) ? 'yes' : '**no**') : '–',
  each.note ?? '',
]

/** A Markdown table whose columns line up, so that it reads as well in a terminal. */
export function table(rows: readonly Row[]): string {
  const lines = [head, ...rows.map(cells)]
  const widths = head.map((_, i) => Math.max(...lines.map((line) => (line[i] as string).length)))
  const pad = (text: string, i: number) => (i === 0 || i > 4 ? text.padEnd(widths[i] as number) : text.padStart(widths[i] as number))
  const print = (line: readonly string[]) => `| ${line.map(pad).join(' | ')} |`
  const rule = `|${widths.map((width, i) => (i === 0 || i > 4 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [print(lines[0] as string[]), rule, ...lines.slice(1).map(print)].join('\n')
}

export const results = (rows: readonly Row[], rounds: number, minutes: number) => `# Results of \`npm run bench\`

${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}; ${rounds} rounds, ${minutes.toFixed(1)} minutes.

The floor is \`test/bench/floor.ts\`: a bare server that does the least of the same job. Both are bundled, run in processes of
their own and take turns in every round; values are medians, ratios are the median of the rounds' ratios. CPU is what the
server's process used, user and system. Load and upstream are further processes on the same machine.

${table(rows)}
`
