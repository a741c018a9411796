import type { IncomingHttpHeaders } from 'node:http'
import { pipeline, type Readable, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { failed, tooLarge } from './faults.js'

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/** The decoded body. What is counted is what comes out, so that a small bomb stays small. */
export async function readBody(body: Readable, headers: IncomingHttpHeaders, maxBytes: number): Promise<Buffer> {
  const coding = String(headers['content-encoding'] ?? '')
    .trim()
    .toLowerCase()
  const plain = coding === '' || coding === 'identity'
  if (plain && Number(headers['content-length']) > maxBytes) throw tooLarge(maxBytes)
  const decoder = plain ? undefined : decoders[coding]?.()
  if (!plain && !decoder) throw failed('What the URL answers has a content encoding that was not asked for.')
  // What goes wrong in front of the decoder shows when the decoder is read.
  const source = decoder ? pipeline(body, decoder, () => undefined) : body
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of source as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, bytes)
}
