const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** How long ago, for people: `just now`, `5m ago`, `3h ago`, `2d ago`. */
export function ageText(ms: number): string {
  if (ms < minuteMs) return 'just now'
  if (ms < hourMs) return `${Math.floor(ms / minuteMs)}m ago`
  return ms < 2 * dayMs ? `${Math.floor(ms / hourMs)}h ago` : `${Math.floor(ms / dayMs)}d ago`
}

/** A count of tokens for people: `950`, `12k`, `1.5m`. */
export function countText(count: number): string {
  if (count < 1_000) return String(count)
  return count < 999_500 ? `${Math.round(count / 1_000)}k` : `${Math.round(count / 100_000) / 10}m`
}

/** ISO time with the local offset. */
export function localTime(date: Date): string {
  const offset = -date.getTimezoneOffset()
  const two = (value: number) => String(Math.floor(Math.abs(value))).padStart(2, '0')
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1)
  return `${local}${offset < 0 ? '-' : '+'}${two(offset / 60)}:${two(offset % 60)}`
}
