import { seeded } from './random.js'

/** Sizes of a model that says nothing sensible, as small as the format allows. */
const size = { context: 512, embedding: 64, feedForward: 128, heads: 4 }

type Value = readonly ['u32' | 'f32' | 'string', number | string] | readonly ['strings' | 'floats' | 'ints', readonly (string | number)[]]
const typeOf = { u32: 4, i32: 5, f32: 6, string: 8, array: 9 } as const

/** Text, signed or not, and floats in the little-endian order of the format. */
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
const u64 = (value: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}
const f32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return bytes
}
const text = (value: string) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)])
const array = (type: number, items: Buffer[]) => Buffer.concat([u32(typeOf.array), u32(type), u64(items.length), ...items])

function encode([kind, value]: Value): Buffer {
  if (kind === 'strings') return array(typeOf.string, value.map(String).map(text))
  if (kind === 'floats') return array(typeOf.f32, value.map(Number).map(f32))
  if (kind === 'ints') return array(typeOf.i32, value.map(Number).map(u32))
  if (kind === 'string') return Buffer.concat([u32(typeOf.string), text(String(value))])
  return Buffer.concat([u32(typeOf[kind]), (kind === 'u32' ? u32 : f32)(Number(value))])
}

/** Pieces of a vocabulary, with their types: 2 unknown, 3 control, 6 byte, 1 text. */
function vocabulary() {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
  const letters = [...'▁abcdefghijklmnopqrstuvwxyz']
  const pieces = ['<unk>', '<s>', '</s>', ...bytes, ...letters]
  const types = [2, 3, 3, ...bytes.map(() => 6), ...letters.map(() => 1)]
  return { pieces, types }
}

function tensors(words: number): [string, number[]][] {
  const { embedding: e, feedForward: f } = size
  return [
    ['token_embd.weight', [e, words]],
    ['output_norm.weight', [e]],
    ['output.weight', [e, words]],
    ...['q', 'k', 'v', 'output'].map((part): [string, number[]] => [`blk.0.attn_${part}.weight`, [e, e]]),
    ['blk.0.attn_norm.weight', [e]],
    ['blk.0.ffn_norm.weight', [e]],
    ['blk.0.ffn_gate.weight', [e, f]],
    ['blk.0.ffn_up.weight', [e, f]],
    ['blk.0.ffn_down.weight', [f, e]],
  ]
}

function weights(count: number, random: () => number): Buffer {
  const values = Float32Array.from({ length: count }, () => random() - 0.5)
  return Buffer.from(values.buffer)
}

/** A language model of one layer with random weights as a GGUF file, version 3: the same seed, the same bytes. */
export function randomGguf(seed: number): Buffer {
  const random = seeded(seed)
  const { pieces, types } = vocabulary()
  const facts: Record<string, Value> = {
    'general.architecture': ['string', 'llama'],
    'llama.context_length': ['u32', size.context],
    'llama.embedding_length': ['u32', size.embedding],
    'llama.block_count': ['u32', 1],
    'llama.feed_forward_length': ['u32', size.feedForward],
    'llama.attention.head_count': ['u32', size.heads],
    'llama.attention.layer_norm_rms_epsilon': ['f32', 1e-5],
    'llama.rope.dimension_count': ['u32', size.embedding / size.heads],
    'tokenizer.ggml.model': ['string', 'llama'],
    'tokenizer.ggml.tokens': ['strings', pieces],
    'tokenizer.ggml.scores': ['floats', pieces.map((_, at) => -at)],
    'tokenizer.ggml.token_type': ['ints', types],
    'tokenizer.ggml.unknown_token_id': ['u32', 0],
    'tokenizer.ggml.bos_token_id': ['u32', 1],
    'tokenizer.ggml.eos_token_id': ['u32', 2],
  }
  const list = tensors(pieces.length)
  let offset = 0
  const table = list.map(([name, dimensions]) => {
    const entry = Buffer.concat([text(name), u32(dimensions.length), ...dimensions.map(u64), u32(0), u64(offset)])
    // Every size above is a multiple of the alignment, 32 bytes.
    offset += 4 * dimensions.reduce((product, length) => product * length, 1)
    return entry
  })
  const pairs = Object.entries(facts).map(([key, value]) => Buffer.concat([text(key), encode(value)]))
  const head = Buffer.concat([Buffer.from('GGUF'), u32(3), u64(list.length), u64(pairs.length), ...pairs, ...table])
  const padding = Buffer.alloc((32 - (head.length % 32)) % 32)
  const data = list.map(([, dimensions]) =>
    weights(
      dimensions.reduce((product, length) => product * length, 1),
      random,
    ),
  )
  return Buffer.concat([head, padding, ...data])
}
