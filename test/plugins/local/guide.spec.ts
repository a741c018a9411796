import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadEmbedder } from '../../../plugins/local/embedder.js'
import { createGuide, type Guide } from '../../../plugins/local/guide.js'
import { type Manual, readManual } from '../../../plugins/local/manual-source.js'
import { unpack } from '../../../plugins/local/packed.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const { answered, elsewhere } = JSON.parse(readFileSync(`${root}/test/fixtures/guide-questions.json`, 'utf8')) as {
  answered: [question: string, pages: string[]][]
  elsewhere: string[]
}

/** Questions of which one of the best sections is on a page that answers them. */
async function found(guide: Guide, among: number): Promise<number> {
  let count = 0
  for (const [question, pages] of answered) {
    const best = (await guide.find(question)).slice(0, among)
    if (best.some(({ section }) => pages.includes(section.page))) count++
  }
  return count
}

async function answersElsewhere(guide: Guide): Promise<string[]> {
  const answers = await Promise.all(elsewhere.map((question) => guide.answer(question, undefined)))
  return elsewhere.filter((_, i) => !answers[i]?.startsWith('That is not in the manual.'))
}

describe('the guide', () => {
  let manual: Manual
  let words: Guide
  let both: Guide
  before(async () => {
    manual = await readManual(root, true)
    const vectors = unpack(Buffer.from(manual.vectors as string, 'base64'))
    words = createGuide(manual)
    both = createGuide({ ...manual, meaning: { vectors, embed: await loadEmbedder() } })
  })

  test('finds the page that answers, by words and meaning', async () => {
    assert.ok(answered.length >= 40)
    assert.ok((await found(both, 3)) >= 0.9 * answered.length)
    assert.ok((await found(both, 1)) >= 0.75 * answered.length)
  })

  test('finds it by words alone where the embedding model is not installed', async () => {
    assert.ok((await found(words, 3)) >= 0.9 * answered.length)
  })

  test('says so when the manual does not have it', async () => {
    assert.equal(elsewhere.length, 10)
    assert.deepEqual(await answersElsewhere(both), [])
    assert.deepEqual(await answersElsewhere(words), [])
    assert.match(await words.answer('', undefined), /^That is not in the manual\./)
  })

  test('answers in the words of the manual, shortly, and names the pages', async () => {
    for (const [question] of answered) {
      const answer = await both.answer(question, undefined)
      const [, quoted = '', pages = ''] = /^\*\*.*\*\*\n\n([^]*)\n\nPages: (.*)$/.exec(answer) ?? []
      assert.ok(quoted.length > 0 && quoted.length <= 1_210, question)
      const first = quoted.split('\n', 1)[0] as string
      assert.ok(
        manual.sections.some(({ body }) => body.includes(first)),
        question,
      )
      for (const page of pages.split(', ')) assert.ok(readFileSync(`${root}/${page}`), page)
    }
  })

  test('a question of a word or two is taken together with the one before', async () => {
    const earlier = 'How do I connect LibreChat?'
    assert.match(await words.answer('Which file?', earlier), /librechat\.yaml/)
    assert.doesNotMatch(await words.answer('Which file?', undefined), /librechat\.yaml/)
    assert.doesNotMatch(await words.answer('How do I rotate the token of a device?', earlier), /librechat\.yaml/)
  })

  test('every section has a title and says something; tables keep their head', () => {
    assert.ok(manual.sections.length > 100)
    for (const { page, title, body } of manual.sections) {
      assert.ok(title !== '' && body.trim() !== '', page)
      assert.ok(!body.startsWith('|') || /^\|.*\|\n\| ---/.test(body) || /^\|.*\|\n\|[ :-]+-/.test(body), `${page}: ${body.slice(0, 80)}`)
    }
  })
})
