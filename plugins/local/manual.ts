/** A piece of the manual that answers by itself. */
export interface Section {
  /** Relative to the package, as `docs/start.md`. */
  readonly page: string
  /** The headings above it, outermost first. */
  readonly title: string
  /** Markdown. */
  readonly body: string
}

/** A section is at most about this long, unless it is one block of code: what a reader takes in at once. */
const longest = 1_000

/** What tells a section's subject, for its vector: short, as the model takes time by the word. */
export const gist = ({ title, body }: Section): string => {
  const prose = body.replace(/^```\w*$|\]\([^)]*\)|[`*_|[\]]|-{3}/gm, ' ').replace(/\s+/g, ' ')
  return `${title.replaceAll(' › ', '. ')}. ${prose.trim().slice(0, 200)}`
}

/** Headings, paragraphs, lists, tables and fenced code, in order. */
export function blocks(body: string): string[] {
  const found: string[] = []
  let lines: string[] = []
  let fenced = false
  const close = () => {
    if (lines.length > 0) found.push(lines.join('\n'))
    lines = []
  }
  for (const line of body.split('\n')) {
    const fence = line.startsWith('```')
    const heading = !fenced && /^#{1,6} /.test(line)
    if ((fence && !fenced) || heading) close()
    if (fenced || fence || line.trim() !== '') lines.push(line)
    else close()
    if ((fence && fenced) || heading) close()
    if (fence) fenced = !fenced
  }
  close()
  return found
}

/** Cut a page at its headings, and at paragraphs that begin with a name in bold. Comments and empty sections are left out. */
export function sectionsOf(page: string, markdown: string): Section[] {
  const sections: Section[] = []
  const headings: string[] = []
  let name: string | undefined
  let parts: string[] = []
  const close = () => {
    const title = [...headings.filter(Boolean), ...(name === undefined ? [] : [name])].join(' › ')
    for (const body of pieces(parts)) sections.push({ page, title, body })
    parts = []
  }
  for (const block of blocks(markdown.replace(/<!--[^]*?-->/g, ''))) {
    const heading = /^(#{1,4}) (.*)$/.exec(block)
    const bold = /^\*\*([^*]{2,60}?)[.:]?\*\*[.:]? /.exec(block)
    if (heading || bold) close()
    if (heading) {
      headings.length = (heading[1] as string).length - 1
      headings.push((heading[2] as string).replaceAll('`', ''))
      name = undefined
    } else if (bold) name = bold[1]
    if (!heading) parts.push(block)
  }
  close()
  return sections
}

/** Blocks put together again, as many as fit. A line that introduces what follows it stays with that. */
function pieces(parts: readonly string[]): string[] {
  const found: string[] = []
  for (const part of parts.flatMap((block) => (block.startsWith('|') ? tablePieces(block) : [block]))) {
    const last = found.at(-1)
    if (last !== undefined && (last.length + part.length <= longest || last.endsWith(':'))) found.push(`${found.pop()}\n\n${part}`)
    else found.push(part)
  }
  return found
}

/** A table without its padding, in parts that each have the head. */
function tablePieces(table: string): string[] {
  const [head = '', rule = '', ...rows] = table.split('\n').map((row) => row.replace(/ +\|/g, ' |').replace(/-{3,}/g, '---'))
  const found: string[] = []
  let lines: string[] = []
  let size = 0
  for (const row of rows) {
    if (lines.length > 0 && size + row.length > longest) {
      found.push([head, rule, ...lines].join('\n'))
      lines = []
      size = 0
    }
    lines.push(row)
    size += row.length
  }
  return [...found, [head, rule, ...lines].join('\n')]
}
