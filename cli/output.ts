import { printable } from 'openclaw/plugin'
import type { Offline } from '../plugins/contracts/offline.js'

export type Output = Offline['out']
interface Stream {
  write(text: string): unknown
  on?(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown
  readonly columns?: number
  readonly isTTY?: boolean
}

/** Where commands write: results to stdout, everything else to stderr. */
export function createOutput(stdout: Stream = process.stdout, stderr: Stream = process.stderr): Output {
  const closed = new AbortController()
  // Whoever read it went away, as `head` does: no reason to fall over.
  stdout.on?.('error', (error) => closed.abort(error))
  stderr.on?.('error', () => undefined)
  return {
    print: (text) => void stdout.write(`${escapeControls(text)}\n`),
    error: (text) => void stderr.write(`${escapeControls(text)}\n`),
    json: (value) => void stdout.write(`${escapeControls(JSON.stringify(value, null, 2))}\n`),
    table: (head, rows) => void stdout.write(`${drawTable(head, rows, stdout.columns ?? 120)}\n`),
    closed: closed.signal,
    terminal: stdout.isTTY === true,
  }
}

/** As `printable`, with line ends and tabs as they are. */
const escapeControls = (text: string): string =>
  text
    .split(/([\n\t]+)/)
    .map((piece, at) => (at % 2 === 1 ? piece : printable(piece, Number.POSITIVE_INFINITY)))
    .join('')

/** A table in box-drawing characters that fits `width` columns: the widest columns give way first, their texts go on in the next line. */
export function drawTable(titles: readonly string[], texts: readonly (readonly string[])[], width: number): string {
  const [head = [], ...rows] = [titles, ...texts].map((row) => row.map((text) => escapeControls(text.replace(/\s+/g, ' '))))
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => (row[at] ?? '').length)))
  const frame = 3 * widths.length + 1
  const words = head.map((title, at) =>
    Math.max(title.length, ...rows.flatMap((row) => (row[at] ?? '').split(' ').map(({ length }) => length))),
  )
  while (widths.reduce((sum, each) => sum + each, frame) > width) {
    // Words stay whole, so that an id can be copied, while there are spaces elsewhere to break at.
    const breakable = widths.map((each, at) => (each > (words[at] as number) ? each : 0))
    const from = breakable.some((each) => each > 0) ? breakable : widths
    const widest = from.indexOf(Math.max(...from))
    if ((widths[widest] as number) <= 8) break
    widths[widest] = (widths[widest] as number) - 1
  }
  const rule = (left: string, middle: string, right: string) => left + widths.map((each) => '─'.repeat(each + 2)).join(middle) + right
  const line = (row: readonly string[]) => {
    const cells = head.map((_, at) => wrap(row[at] ?? '', widths[at] as number))
    const height = Math.max(...cells.map(({ length }) => length))
    const lines = Array.from({ length: height }, (_, n) => cells.map((cell, at) => ` ${(cell[n] ?? '').padEnd(widths[at] as number)} `))
    return lines.map((pieces) => `│${pieces.join('│')}│`).join('\n')
  }
  return [rule('┌', '┬', '┐'), line(head), rule('├', '┼', '┤'), ...rows.map(line), rule('└', '┴', '┘')].join('\n')
}

/** Pieces of at most `limit` characters, at spaces where there are any. */
function wrap(text: string, limit: number): string[] {
  const pieces: string[] = []
  let rest = text
  while (rest.length > limit) {
    const space = rest.lastIndexOf(' ', limit)
    pieces.push(rest.slice(0, space > 0 ? space : limit))
    rest = rest.slice(space > 0 ? space + 1 : limit)
  }
  return [...pieces, rest]
}
