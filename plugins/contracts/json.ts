import { GatewayError } from 'openclaw/plugin'

const quote = 0x22
const backslash = 0x5c

/** Depth, keys per object and `__proto__` keys, in one pass over the bytes before anything is parsed. Error: `invalid_value`. */
export function checkJsonShape(body: Buffer, maxDepth: number, maxKeys: number) {
  const keys: number[] = []
  const refuse = (message: string) => new GatewayError('invalid_value', message)
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]
    if (byte === quote) {
      const start = i + 1
      let end = body.indexOf(quote, start)
      while (end !== -1 && isEscaped(body, end, start)) end = body.indexOf(quote, end + 1)
      if (end === -1) return
      i = end
      if (nextByte(body, end + 1) === 0x3a && isProto(body, start, end)) throw refuse('The key "__proto__" is not allowed.')
    } else if (byte === 0x7b || byte === 0x5b) {
      if (keys.push(0) > maxDepth) throw refuse(`JSON is nested deeper than ${maxDepth} levels.`)
    } else if (byte === 0x7d || byte === 0x5d) keys.pop()
    else if (byte === 0x3a) {
      const depth = keys.length - 1
      const count = ((keys[depth] as number) ?? 0) + 1
      if (depth >= 0) keys[depth] = count
      if (count > maxKeys) throw refuse(`A JSON object has more than ${maxKeys} keys.`)
    }
  }
}

/** Whether a string says `__proto__`, also with some of its characters escaped. */
function isProto(body: Buffer, start: number, end: number): boolean {
  const length = end - start
  if (length < 9 || length > 9 * 6) return false
  const text = body.toString('latin1', start, end)
  if (length === 9 || !text.includes('\\u')) return text === '__proto__'
  return text.replace(/\\u([\da-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))) === '__proto__'
}

function isEscaped(body: Buffer, at: number, from: number): boolean {
  let backslashes = 0
  while (at - 1 - backslashes >= from && body[at - 1 - backslashes] === backslash) backslashes++
  return backslashes % 2 === 1
}

function nextByte(body: Buffer, from: number): number | undefined {
  let at = from
  while (body[at] === 0x20 || body[at] === 0x0a || body[at] === 0x0d || body[at] === 0x09) at++
  return body[at]
}
