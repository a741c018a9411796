import type { Offline } from '../plugins/contracts/offline.js'

export type Output = Offline['out']
interface Stream {
  write(text: string): unknown
  readonly columns?: number
}

/** Where commands write: results to stdout, everything else to stderr. */
export function createOutput(stdout: Stream = process.stdout, stderr: Stream = process.stderr): Output {
  return {
    print: (text) => void stdout.write(`${text}\n`),
    error: (text) => void stderr.write(`${text}\n`),
    json: (value) => void stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    table: (head, rows) => void stdout.write(`${drawTable(head, rows, stdout.columns ?? 120)}\n`),
  }
}

/** A table in box-drawing characters that fits `width` columns: the widest columns are cut first. */
export function drawTable(head: readonly string[], rows: readonly (readonly string[])[], width: number): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => (row[at] ?? '').length)))
  const frame = 3 * widths.length + 1
  while (widths.reduce((sum, each) => sum + each, frame) > width) {
    const widest = widths.indexOf(Math.max(...widths))
    if ((widths[widest] as number) <= 8) break
    widths[widest] = (widths[widest] as number) - 1
  }
  const rule = (left: string, middle: string, right: string) => left + widths.map((each) => '─'.repeat(each + 2)).join(middle) + right
  const cell = (text: string, at: number) => {
    const limit = widths[at] as number
    return ` ${(text.length > limit ? `${text.slice(0, limit - 1)}…` : text).padEnd(limit)} `
  }
  const line = (row: readonly string[]) => `│${head.map((_, at) => cell(row[at] ?? '', at)).join('│')}│`
  return [rule('┌', '┬', '┐'), line(head), rule('├', '┼', '┤'), ...rows.map(line), rule('└', '┴', '┘')].join('\n')
}
