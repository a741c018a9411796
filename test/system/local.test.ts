import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { repository } from '../support/third-party.js'

const run = promisify(execFile)

/** Asks the built plugin, as a program that embeds the gateway does. Prints the models, an answer and the size of a vector. */
const program = `
  import { createGateway, use } from './dist/index.js'
  const load = async (name) => (await import('./dist/plugins/' + name + '.js')).default
  const plugins = await Promise.all(['http', 'models', 'inference', 'openai-models', 'openai-chat', 'local'].map(load))
  const token = 'a'.repeat(64)
  const gateway = await createGateway({ plugins, gateway: { port: 0, auth: { mode: 'token', token } } })
  const ask = async (path, body) => {
    const headers = { authorization: 'Bearer ' + token, 'content-type': 'application/json' }
    const response = await fetch(gateway.url + path, body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers })
    return response.json()
  }
  const { data } = await ask('/v1/models')
  const chat = await ask('/v1/chat/completions', { model: 'local/guide', messages: [{ role: 'user', content: 'How do I use Ollama?' }] })
  await gateway.close()
  console.log(JSON.stringify({ models: data.map(({ id }) => id), answer: chat.choices?.[0].message.content ?? chat }))
`
const ask = async (cwd: string) => {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { cwd, timeout: 60_000 })
  return JSON.parse(stdout) as { models: string[]; answer: string }
}

describe('the local models, built', () => {
  test('answer where their parts are installed', async () => {
    const { models, answer } = await ask(repository)
    assert.deepEqual(models, ['local/guide', 'local/use-lite-en'])
    assert.match(answer, /OLLAMA_HOST[^]*Pages: docs\/start\.md/)
  })

  test('answer where they are not, from what the package ships', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'local-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    await cp(join(repository, 'dist'), join(folder, 'dist'), { recursive: true })
    await cp(join(repository, 'package.json'), join(folder, 'package.json'))
    const { models, answer } = await ask(folder)
    assert.deepEqual(models, ['local/guide'])
    assert.match(answer, /OLLAMA_HOST[^]*Pages: docs\/start\.md/)
  })
})
