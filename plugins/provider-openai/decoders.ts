import { StringDecoder } from 'node:string_decoder'
import type { EventSourceParser, ParserCallbacks, ParserConfig } from 'eventsource-parser'
import type { ChatEvent } from '../contracts/models.js'
import type { Decoder } from './batches.js'
import type { AnswerReader } from './chat-answer.js'
import { brokenFailure, malformed } from './failure.js'

export type CreateParser = (config: ParserConfig & ParserCallbacks) => EventSourceParser

/** One event, and one answer that is not streamed. */
const maxEventChars = 16_777_216
const maxAnswerBytes = 67_108_864

const parse = (provider: string, json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch {
    throw malformed(provider, 'broken JSON')
  }
}

/** Server-sent events into what the model says. */
export function decodeStream(createParser: CreateParser, provider: string, reader: AnswerReader, idleMs: number): Decoder<ChatEvent> {
  const utf8 = new StringDecoder('utf8')
  let done = false
  let target: ChatEvent[] = []
  const parser = createParser({
    maxBufferSize: maxEventChars,
    onEvent({ data }) {
      if (done) return
      if (data !== '[DONE]') return reader.chunk(parse(provider, data), target)
      done = true
      reader.close(target)
    },
    onError({ type }) {
      if (type === 'max-buffer-size-exceeded') throw malformed(provider, `an event of more than ${maxEventChars} characters`)
    },
  })
  return {
    complete: () => done,
    push(chunk, into) {
      target = into
      parser.feed(utf8.write(chunk))
    },
    end(into) {
      target = into
      // The last event may lack its blank line.
      parser.feed('\n\n')
      if (done) return
      if (!reader.finished()) throw brokenFailure(provider, new Error('The stream ended without a finish reason.'), idleMs)
      reader.close(into)
    },
    fail(cause, into) {
      if (!reader.finished()) return brokenFailure(provider, cause, idleMs)
      reader.close(into)
      return undefined
    },
  }
}

/** One JSON object into what the model says. */
export function decodeWhole(provider: string, reader: AnswerReader, idleMs: number): Decoder<ChatEvent> {
  const chunks: Buffer[] = []
  let size = 0
  return {
    complete: () => false,
    push(chunk) {
      size += chunk.length
      if (size > maxAnswerBytes) throw malformed(provider, `an answer of more than ${maxAnswerBytes} bytes`)
      chunks.push(chunk)
    },
    end(into) {
      reader.whole(parse(provider, Buffer.concat(chunks).toString('utf8')), into)
    },
    fail: (cause) => brokenFailure(provider, cause, idleMs),
  }
}
