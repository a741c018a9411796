/** The media type that an image's first bytes show; 16 of them are enough. */
export function imageType(bytes: Buffer): string | undefined {
  const text = bytes.toString('latin1', 0, 16)
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png'
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'image/gif'
  if (text.startsWith('RIFF') && text.startsWith('WEBP', 8)) return 'image/webp'
  if (!text.startsWith('ftyp', 4)) return undefined
  const brand = text.slice(8, 12)
  if (/^he(?:ic|ix|im|is|vc|vx|vm|vs)$/.test(brand)) return 'image/heic'
  return brand === 'mif1' || brand === 'msf1' ? 'image/heif' : undefined
}

/**
 * Bytes that a base64 text stands for; undefined when it is none. By searching for the first wrong character: a pattern over the
 * whole text would need memory for each of its characters.
 */
export function base64Bytes(text: string): number | undefined {
  const end = text.search(/[^A-Za-z0-9+/]/)
  if (end !== -1 && !/^={1,2}$/.test(text.slice(end, end + 3))) return undefined
  const length = end === -1 ? text.length : end
  return length % 4 === 1 ? undefined : Math.floor((length * 3) / 4)
}
