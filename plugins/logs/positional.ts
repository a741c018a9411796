/** Keys of a line that stand at its beginning, and what other viewers call them. */
interface Line {
  readonly time?: unknown
  readonly level?: unknown
  readonly from?: unknown
  readonly msg?: unknown
}

/**
 * A line of the file with the members that stock viewers read besides our own: `0` says where it comes from, `1` what happened,
 * `_meta` how bad it is. A line that is not ours is passed on as it is.
 */
export function withPositions(line: string): string {
  if (!line.endsWith('}')) return line
  let parsed: Line
  try {
    parsed = JSON.parse(line) as Line
  } catch {
    return line
  }
  const { time, level, from, msg, ...fields } = parsed
  if (typeof time !== 'string' || typeof level !== 'string' || typeof from !== 'string' || typeof msg !== 'string') return line
  const detail = Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : ''
  const positions = {
    0: JSON.stringify({ subsystem: from }),
    1: `${msg}${detail}`,
    _meta: { logLevelName: level.toUpperCase(), date: time },
  }
  return `${line.slice(0, -1)},${JSON.stringify(positions).slice(1)}`
}
