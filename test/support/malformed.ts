import { raw } from './raw.js'

/** One request whose bounds two readers could see differently, or that is no request at all. */
export interface Malformed {
  readonly name: string
  readonly bytes: string
}

/** Requests that the parser must refuse. All of them carry a credential, so that nothing but their form refuses them. */
export function malformed({ host, credential }: { host: string; credential: string }): Malformed[] {
  const lines = (first: string, ...more: string[]) => [first, `Host: ${host}`, credential, ...more]
  const get = (...more: string[]) => raw(lines('GET /things HTTP/1.1', ...more))
  const post = (headers: string[], body: string) => raw(lines('POST /v1/echo HTTP/1.1', ...headers), body)
  const chunked = (body: string) => post(['Transfer-Encoding: chunked'], body)
  const target = (line: string) => raw(lines(line))
  const cases: Record<string, string> = {
    'length and chunked': post(['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    'chunked and length': post(['Transfer-Encoding: chunked', 'Content-Length: 5'], '0\r\n\r\n'),
    'encoding identity with length': post(['Transfer-Encoding: identity', 'Content-Length: 2'], '{}'),
    'unknown encoding': post(['Transfer-Encoding: gzip'], '{}'),
    'chunked is not last': post(['Transfer-Encoding: chunked, gzip'], '2\r\n{}\r\n0\r\n\r\n'),
    'look-alike encoding': post(['Transfer-Encoding: xchunked'], '2\r\n{}\r\n0\r\n\r\n'),
    'encoding in quotes': post(['Transfer-Encoding: "chunked"'], '2\r\n{}\r\n0\r\n\r\n'),
    'encoding twice': post(['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], '2\r\n{}\r\n0\r\n\r\n'),
    'encoding behind a vertical tab': post(['Transfer-Encoding:\x0bchunked'], '2\r\n{}\r\n0\r\n\r\n'),
    'space before the colon': post(['Transfer-Encoding : chunked'], '2\r\n{}\r\n0\r\n\r\n'),
    'space before the colon of a length': post(['Content-Length : 2'], '{}'),
    'lengths that differ': post(['Content-Length: 2', 'Content-Length: 5'], '{}'),
    'lengths that agree': post(['Content-Length: 2', 'Content-Length: 2'], '{}'),
    'a list of lengths': post(['Content-Length: 2, 2'], '{}'),
    'a signed length': post(['Content-Length: +2'], '{}'),
    'a negative length': post(['Content-Length: -2'], '{}'),
    'a hexadecimal length': post(['Content-Length: 0x2'], '{}'),
    'a length with a space inside': post(['Content-Length: 2 2'], '{}'),
    'a length with an exponent': post(['Content-Length: 2e0'], '{}'),
    'an overflowing length': post(['Content-Length: 99999999999999999999999'], '{}'),
    'a folded header': get('X-Folded: one', ' two'),
    'a header line without a colon': get('nonsense'),
    'a header without a name': get(': value'),
    'a space in a header name': get('X Name: value'),
    'a control character in a header name': get('X\x01Name: value'),
    'a control character in a value': get('X-Name: a\x01b'),
    'NUL in a value': get('X-Name: a\x00b'),
    'bare CR in a value': get('X-Name: a\rb'),
    'bare CR as the end of a line': get('X-Name: a\rX-Other: b'),
    'bare LF as the end of a line': get('X-Name: a').replace('X-Name: a\r\n', 'X-Name: a\n'),
    'bare LF everywhere': get().replaceAll('\r\n', '\n'),
    'no chunk size': chunked('\r\n{}\r\n0\r\n\r\n'),
    'a chunk size that is no number': chunked('ZZ\r\n{}\r\n0\r\n\r\n'),
    'a signed chunk size': chunked('+2\r\n{}\r\n0\r\n\r\n'),
    'a prefixed chunk size': chunked('0x2\r\n{}\r\n0\r\n\r\n'),
    'a space before the chunk size': chunked(' 2\r\n{}\r\n0\r\n\r\n'),
    'a space after the chunk size': chunked('2 \r\n{}\r\n0\r\n\r\n'),
    'an overflowing chunk size': chunked('fffffffffffffffff\r\n{}\r\n0\r\n\r\n'),
    'a chunk longer than its size': chunked('1\r\n{}\r\n0\r\n\r\n'),
    'bare LF after the chunk size': chunked('2\n{}\r\n0\r\n\r\n'),
    'bare LF after the chunk': chunked('2\r\n{}\n0\r\n\r\n'),
    'a chunk extension of 20 KB': chunked(`2;x=${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`),
    'a length in the trailers': chunked('2\r\n{}\r\n0\r\nContent-Length: 2\r\n\r\n'),
    'an unknown method': target('FETCH /things HTTP/1.1'),
    'a method in lower case': target('get /things HTTP/1.1'),
    'a method with a tab': target('GET\t/things HTTP/1.1'),
    'no version': target('GET /things'),
    'a version of three digits': target('GET /things HTTP/1.10'),
    'another protocol': target('GET /things FTP/1.1'),
    'version 9': target('GET /things HTTP/9.9'),
    'something after the version': target('GET /things HTTP/1.1 x'),
    'NUL in the target': target('GET /thi\x00ngs HTTP/1.1'),
    'a byte outside ASCII in the target': target('GET /thi\xe9ngs HTTP/1.1'),
    'a space in the target': target('GET /thi ngs HTTP/1.1'),
    'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'the hello of TLS': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'a line of text': 'hello there\r\n\r\n',
  }
  return Object.entries(cases).map(([name, bytes]) => ({ name, bytes }))
}
