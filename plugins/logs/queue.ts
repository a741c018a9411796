export interface LineQueue {
  /** Add one line: its time, and a JSON object with everything else. A body equal to the one before is only counted. */
  append(timeMs: number, body: string): void
  /** Add a line of the log about itself. */
  notice(msg: string, count: number): void
  /** The oldest lines, about `chars` of them. */
  take(chars: number): string[]
  /** Lines that could not be written, back in front. */
  putBack(lines: string[]): void
  /** How many lines were dropped since the last call. */
  takeDropped(): number
  readonly chars: number
  readonly empty: boolean
}

/** ISO 8601 with milliseconds. What is before them is made once a second. */
export function createTimes(): (timeMs: number) => string {
  let second: number | undefined
  let prefix = ''
  return (timeMs) => {
    const seconds = Math.floor(timeMs / 1_000)
    if (seconds !== second) {
      second = seconds
      prefix = new Date(seconds * 1_000).toISOString().slice(0, -4)
    }
    const ms = Math.floor(timeMs - seconds * 1_000)
    return `${prefix}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`
  }
}

/** Lines on their way to the disk, at most `limitChars` of them: past that the older half is dropped, so the last ones are kept. */
export function createLineQueue(limitChars: number): LineQueue {
  let lines: string[] = []
  let chars = 0
  let dropped = 0
  let last = ''
  let repeats = 0
  const timeOf = createTimes()

  const trim = () => {
    if (chars <= limitChars) return
    let cut = 0
    while (chars > limitChars / 2 && cut < lines.length) chars -= (lines[cut++] as string).length
    lines = lines.slice(cut)
    dropped += cut
  }
  const push = (timeMs: number, body: string) => {
    const line = `{"time":"${timeOf(timeMs)}",${body.slice(1)}\n`
    lines.push(line)
    chars += line.length
    trim()
  }
  const notice = (msg: string, count: number) => push(Date.now(), JSON.stringify({ level: 'warn', from: 'logs', msg, count }))
  const settleRepeats = () => {
    if (repeats > 0) notice('the line before was repeated', repeats)
    repeats = 0
  }
  return {
    append(timeMs, body) {
      if (body === last) {
        repeats++
        return
      }
      settleRepeats()
      last = body
      push(timeMs, body)
    },
    notice,
    take(wanted) {
      settleRepeats()
      let count = 0
      let taken = 0
      while (count < lines.length && taken < wanted) taken += (lines[count++] as string).length
      const front = lines.slice(0, count)
      lines = lines.slice(count)
      chars -= taken
      return front
    },
    putBack(front) {
      lines = [...front, ...lines]
      for (const line of front) chars += line.length
      trim()
    },
    takeDropped() {
      const count = dropped
      dropped = 0
      return count
    },
    get chars() {
      return chars
    },
    get empty() {
      return lines.length === 0 && repeats === 0
    },
  }
}
