/** Words that say nothing about the subject of a question. */
const empty = new Set(
  (
    'a about after again all also am an and any are as at be been before but by can cannot could did do does doing done else even ever for from get gets ' +
    'give gives go goes good got had has have having he hello her here hers hey hi him his how i if in into is it its itself just let like lot ' +
    'make makes many may me might mine more most much must my need needs no not now of off on once one only or other our ours out over own ' +
    'please really say says see shall she should show so some someone something such take takes tell than thank thanks that the their them then there these they thing things this ' +
    'those through to too under until up us use uses used using very via want wants was way we well were what when where whether which while who whom whose why ' +
    'will with without work works would yes yet you your yours'
  ).split(' '),
)

/** What users say, by how the manual says it. */
const phrases: readonly (readonly [RegExp, string])[] = [
  [/\bback(s|ed|ing)? +up\b/g, 'backup'],
  [/\bset(s|ting)? +up\b/g, 'setup'],
  [/\b(turn|switch)(s|ed|ing|es)? +off\b/g, 'disable'],
  [/\b(turn|switch)(s|ed|ing|es)? +on\b/g, 'enable'],
  [/\bshut(s|ting)? +down\b/g, 'stop'],
  [/\block(s|ed|ing)? +out\b/g, 'remove'],
  [/\bdefault model\b/g, 'default model primary'],
  [/\bapi keys?\b/g, 'apikey secret'],
]
const synonyms: Readonly<Record<string, string>> = {
  addon: 'plugin',
  attachment: 'file',
  backup: 'copy',
  big: 'size',
  boot: 'start',
  chats: 'session',
  cli: 'command',
  config: 'configuration',
  conversation: 'session',
  delete: 'remove',
  dir: 'directory',
  edit: 'change',
  embed: 'embedding',
  extension: 'plugin',
  faq: 'question',
  folder: 'directory',
  https: 'tls',
  lan: 'network',
  large: 'size',
  launch: 'start',
  llm: 'model',
  machine: 'computer',
  mistake: 'error',
  modify: 'change',
  nginx: 'proxy',
  caddy: 'proxy',
  phone: 'device',
  picture: 'image',
  quit: 'stop',
  setting: 'configuration',
  setup: 'configuration',
  ssl: 'tls',
  terminal: 'command',
  ws: 'websocket',
}

const endings = [
  'ations',
  'ation',
  'ating',
  'ated',
  'ates',
  'ate',
  'ions',
  'ings',
  'ing',
  'ion',
  'ies',
  'ers',
  'ed',
  'er',
  'es',
  'ly',
  's',
  'e',
  'y',
]
const doubled = /([^aeiouls])\1$/

/** A word without its most usual endings, so that "configured" and "configuration" meet. */
function stem(word: string): string {
  if (/\d/.test(word)) return word
  for (const ending of endings) {
    const base = word.slice(0, -ending.length)
    // "running" is "run", "the" is not "th".
    if (word.endsWith(ending) && base.length >= 3 && /[aeiouy]/.test(base)) return doubled.test(base) ? base.slice(0, -1) : base
  }
  return word
}

const alike = new Map(Object.entries(synonyms).map(([word, same]) => [stem(word), stem(same)]))

/** The stems of a text, in order: of names like `gateway.auth.token` and `closeDrainMs` the parts. */
export function stems(text: string): string[] {
  let plain = text.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
  for (const [said, same] of phrases) plain = plain.replace(said, same)
  const words = plain.match(/[\p{L}\p{N}]+/gu) ?? []
  return words
    .filter((word) => !empty.has(word) && (word.length > 1 || /\d/.test(word)))
    .map((word) => {
      const base = stem(word)
      return alike.get(base) ?? base
    })
}
