/**
 * An upstream that costs next to nothing: it looks for two fields in the text of a request, checks nothing, and answers
 * from prepared text. Argument: port.
 */
import { createServer, type ServerResponse } from 'node:http'
import { chunkIntervalMs, streamEnd } from './scene.js'

const head = '"id":"chatcmpl-upstream","created":1700000000,"model":"chat"'
const text = 'Returning customers bought more often than in the quarter before, and the report expects that to go on.'
const usage = '"usage":{"prompt_tokens":84,"completion_tokens":21,"total_tokens":105}'
const whole =
  `{${head},"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"${text}","refusal":null},` +
  `"logprobs":null,"finish_reason":"stop"}],${usage}}`
const frame = (delta: string, finish = 'null') =>
  `data: {${head},"object":"chat.completion.chunk","choices":[{"index":0,"delta":{${delta}},"logprobs":null,"finish_reason":${finish}}]}\n\n`
const opening = frame('"role":"assistant","content":""')
const piece = frame('"content":"Token "')
const ending = `${frame('', '"stop"')}data: {${head},"object":"chat.completion.chunk","choices":[],${usage}}\n\n${streamEnd}\n\n`

/** The first piece comes with the headers, the others one by one. */
function streamPieces(res: ServerResponse, pieces: number) {
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  res.write(opening + piece)
  let left = pieces - 1
  const timer = setInterval(() => {
    if (left-- > 0) return res.write(piece)
    clearInterval(timer)
    res.end(ending)
  }, chunkIntervalMs)
  res.once('close', () => clearInterval(timer))
}

const server = createServer({ noDelay: true, keepAliveTimeout: 65_000 }, (req, res) => {
  let body = ''
  req.setEncoding('latin1').on('data', (chunk: string) => (body += chunk))
  req.on('end', () => {
    if (body.includes('"stream":true')) return streamPieces(res, Number(/"max_tokens":(\d+)/.exec(body)?.[1] ?? 1))
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length })
    res.end(whole)
  })
})
server.listen(Number(process.argv[2]), '127.0.0.1')
