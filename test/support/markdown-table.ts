/** A table as `biome format` leaves it: every column as wide as its widest cell. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const clean = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = head.map((_, at) => Math.max(3, ...clean.map((row) => (row[at] ?? '').length)))
  const line = (cells: readonly string[]) => `| ${widths.map((width, at) => (cells[at] ?? '').padEnd(width)).join(' | ')} |`
  const [titles = [], ...body] = clean
  return [line(titles), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}
