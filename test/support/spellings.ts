const pieces = [
  '/',
  '//',
  '/./',
  '/../',
  '\\',
  '..',
  '.',
  ';',
  ';a=b',
  '%2f',
  '%2F',
  '%5c',
  '%2e',
  '%2E%2e',
  '%252e',
  '%252f',
  '%25',
  '%00',
  '%',
  '%zz',
  '%c0%af',
  '%c1%9c',
  '%e0%80%af',
  '%u002f',
  '%ef%bc%8f',
  '%20',
  '%09',
  '%0a',
  '%0d%0a',
  '+',
  '~',
  '|',
  '"',
  '<',
  '{',
  '^',
  '?',
  '?a',
  '#',
  '#a',
  '&',
  '@',
  ':',
  ',',
  '*',
  '\xc0\xaf',
  '\x7f',
] // prettier-ignore

const encode = (char: string, upper: boolean) => {
  const hex = char.charCodeAt(0).toString(16).padStart(2, '0')
  return `%${upper ? hex.toUpperCase() : hex}`
}

/** Ways to write a path that a careless reader might take for it. */
export function respell(path: string, random: () => number): string {
  const at = (length: number) => Math.floor(random() * length)
  const steps: ((text: string) => string)[] = [
    (text) => splice(text, at(text.length + 1), 0, pieces[at(pieces.length)] as string),
    (text) => splice(text, at(text.length), 1, pieces[at(pieces.length)] as string),
    (text) => {
      const index = at(text.length)
      return splice(text, index, 1, encode(text[index] as string, random() < 0.5))
    },
    (text) => {
      const index = at(text.length)
      return splice(text, index, 1, `%25${encode(text[index] as string, random() < 0.5).slice(1)}`)
    },
    (text) => {
      const index = at(text.length)
      const char = text[index] as string
      return splice(text, index, 1, char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase())
    },
    (text) => `${text}${pieces[at(pieces.length)]}`,
    (text) => `/x/..${text}`,
    (text) => `/${text}`,
    (text) => `/health/..${text}`,
    (text) => text.replace('/', '/%2e/'),
    (text) => splice(text, at(text.length), 1, ''),
  ]
  let text = path
  for (let count = Math.floor(random() * 3); count >= 0 && text.length > 0; count--)
    text = (steps[at(steps.length)] as (text: string) => string)(text)
  return text
}

const splice = (text: string, start: number, remove: number, insert: string) => text.slice(0, start) + insert + text.slice(start + remove)
