import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import agents from '../../../plugins/agents/index.js'
import { createAgents } from '../../../plugins/agents/agents.js'
import type { Config } from '../../../plugins/agents/schema.js'
import { bootControl } from '../../support/control.js'
import { connectOperator } from '../../support/operator.js'

const root = await mkdtemp(join(tmpdir(), 'agents-'))
after(() => rm(root, { recursive: true, force: true }))
let count = 0
const workspace = async (files: Record<string, string>) => {
  const path = join(root, `w${++count}`)
  await mkdir(path)
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text)
  return path
}
const make = (config: Config, state?: string) => {
  const warnings: string[] = []
  return Object.assign(
    createAgents(config, state, (message) => warnings.push(message)),
    { warnings },
  )
}

describe('agents: what they are told', () => {
  test('without files it is who they are', async () => {
    const made = make({ list: [{ id: 'main' }, { id: 'ops', identity: { name: 'Opal', theme: 'calm owl' } }] }, join(root, 'nowhere'))
    assert.match(await made.prompt('main'), /^You are a personal assistant\./)
    assert.match(await made.prompt('OPS'), /^You are Opal, a personal assistant\. Your character: calm owl\./)
    assert.equal(await made.prompt('nobody'), '')
    assert.deepEqual(made.warnings, [])
  })

  test('the files of the workspace, in their order, without those that are missing, empty or no files', async () => {
    const path = await workspace({ 'MEMORY.md': '\ufeffRemember.\n', 'AGENTS.md': 'Rules.', 'TOOLS.md': '', 'notes.md': 'no' })
    await mkdir(join(path, 'SOUL.md'))
    const prompt = await make({ defaults: { workspace: path } }).prompt('main')
    assert.ok(prompt.endsWith('## AGENTS.md\n\nRules.\n\n## MEMORY.md\n\nRemember.'))
    assert.ok(!prompt.includes('SOUL.md') && !prompt.includes('no\n'))
  })

  test('a change is seen within a second, a file that goes away too', async () => {
    const path = await workspace({ 'AGENTS.md': 'first' })
    const made = make({ defaults: { workspace: path } })
    const seen = async (what: RegExp, there = true) => {
      const deadline = performance.now() + 3_000
      while (what.test(await made.prompt('main')) !== there) {
        assert.ok(performance.now() < deadline, `${what} was not seen`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
    await seen(/first/)
    await writeFile(join(path, 'AGENTS.md'), 'second time')
    await writeFile(join(path, 'USER.md'), 'Ann')
    await seen(/second time[\s\S]*Ann/)
    await rm(join(path, 'USER.md'))
    await seen(/USER\.md/, false)
  })

  test('many at once read the files once', async () => {
    const made = make({ defaults: { workspace: await workspace({ 'AGENTS.md': 'x' }) } })
    const [first, ...rest] = await Promise.all(Array.from({ length: 100 }, () => made.prompt('main')))
    assert.ok(rest.every((prompt) => prompt === first))
  })

  test('long files are cut, each and all together', async () => {
    const path = await workspace({
      'AGENTS.md': `${'a'.repeat(49)}\u{1f600}${'a'.repeat(100)}`,
      'SOUL.md': 's'.repeat(60),
      'USER.md': 'u'.repeat(60),
    })
    const prompt = await make({ defaults: { workspace: path, bootstrapMaxChars: 50, bootstrapTotalMaxChars: 150 } }).prompt('main')
    assert.match(prompt, /## AGENTS\.md\n\na{49}\n\[The rest of AGENTS\.md is left out: it is too long\.\]/)
    assert.doesNotMatch(prompt, /\p{Surrogate}/u)
    assert.ok(prompt.length < 700)
    assert.ok(!prompt.includes('u'.repeat(51)))
  })

  test('every agent has a workspace of its own, unless the configuration says where', () => {
    const config = { defaults: { workspace: '~/mine' }, list: [{ id: 'main' }, { id: 'b' }, { id: 'c', workspace: 'there' }] }
    const paths = (made: ReturnType<typeof make>) => made.list().map((agent) => agent.workspace)
    assert.deepEqual(paths(make(config, '/state')), [join(homedir(), 'mine'), '/state/workspace-b', '/state/there'])
    assert.deepEqual(paths(make({}, '/state')), ['/state/workspace'])
    assert.deepEqual(paths(make({})), [undefined])
  })
})

describe('agents: methods', () => {
  test('agents.list and agent.identity.get say who there is', async () => {
    const config = {
      list: [
        { id: 'main' },
        { id: 'ops', name: 'Operations', identity: { name: 'Opal', emoji: '🦉', avatar: 'https://example.com/a.png' } },
      ],
    }
    const it = await bootControl({ plugins: [{ plugin: agents, config }] })
    const wire = await connectOperator(it.url, { token: it.token })
    assert.deepEqual(await wire.call('agents.list', {}), {
      defaultId: 'main',
      mainKey: 'main',
      scope: 'per-sender',
      agents: [
        { id: 'main' },
        {
          id: 'ops',
          name: 'Operations',
          identity: { name: 'Opal', emoji: '🦉', avatar: 'https://example.com/a.png', avatarUrl: 'https://example.com/a.png' },
        },
      ],
    })
    const identity = (params?: object) => wire.call('agent.identity.get', params)
    assert.deepEqual(await identity(), { agentId: 'main', name: 'Assistant', avatar: 'A' })
    const opal = { agentId: 'ops', name: 'Opal', avatar: 'https://example.com/a.png', emoji: '🦉' }
    assert.deepEqual(await identity({ agentId: 'OPS' }), opal)
    assert.deepEqual(await identity({ sessionKey: 'agent:ops:main' }), opal)
    assert.deepEqual(await identity({ sessionKey: 'main' }), { agentId: 'main', name: 'Assistant', avatar: 'A' })
    const refused = async (params: object) => (await wire.request('agent.identity.get', params)).error?.message
    assert.equal(await refused({ agentId: 'nobody' }), 'invalid agent.identity.get params: unknown agent id "nobody"')
    assert.match((await refused({ agentId: 'ops', sessionKey: 'agent:main:x' })) ?? '', /does not match session key agent "main"/)
    const reader = await connectOperator(it.url, { token: it.token, scopes: ['operator.read'] })
    assert.equal((await reader.call('agents.list', {})).defaultId, 'main')
  })
})
