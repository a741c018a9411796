import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import agents from '../../../plugins/agents/index.js'
import tools from '../../../plugins/tools/index.js'
import { Policies, type Subject } from '../../../plugins/tools/policy.js'
import type { ConfigInput } from '../../../plugins/tools/schema.js'
import { createTestGateway } from 'openclaw/testing'

const everything = [
  'read',
  'exec',
  'sessions_list',
  'session_status',
  'sessions_spawn',
  'agents_list',
  'message',
  'cron',
  'gateway',
  'mine_do',
  'mine_see',
]

function left(config: ConfigInput, subject: Partial<Subject> = {}, warn: (message: string) => void = () => undefined): string[] {
  const rule = new Policies({ timeoutMs: 1, ...config }, warn).of({
    session: 'agent:main:main',
    model: () => undefined,
    agent: undefined,
    ...subject,
  })
  return everything.filter(rule)
}

const but = (...names: string[]) => everything.filter((name) => !names.includes(name))
const ofModel = (key: string) => ({ model: () => key })

describe('tools: each step of the policy can only take away', () => {
  for (const [what, config, expected, subject = {}] of [
    ['nothing configured: all', {}, everything],
    ['profile full: all', { profile: 'full' }, everything],
    ['profile minimal', { profile: 'minimal' }, ['session_status']],
    ['profile messaging', { profile: 'messaging' }, ['sessions_list', 'session_status', 'message']],
    ['profile coding', { profile: 'coding' }, ['read', 'exec', 'sessions_list', 'session_status', 'sessions_spawn']],
    [
      'alsoAllow adds to the profile',
      { profile: 'minimal', alsoAllow: ['mine_*', 'READ '] },
      ['read', 'session_status', 'mine_do', 'mine_see'],
    ],
    ['alsoAllow without a profile changes nothing', { alsoAllow: ['read'] }, everything],
    ['allow', { allow: ['Read', ' cron '] }, ['read', 'cron']],
    ['an empty allow allows nothing', { allow: [] }, []],
    ['allow within the profile, not besides it', { profile: 'minimal', allow: ['read', 'session_status'] }, ['session_status']],
    ['allow by group', { allow: ['group:automation', 'GROUP:fs'] }, ['read', 'cron', 'gateway']],
    ['group:openclaw is all of ours', { allow: ['group:openclaw'] }, but('mine_do', 'mine_see')],
    ['deny wins over allow', { allow: ['read', 'exec'], deny: ['exec'] }, ['read']],
    ['deny wins over alsoAllow', { profile: 'minimal', alsoAllow: ['read'], deny: ['read'] }, ['session_status']],
    ['deny by wildcard', { deny: ['mine_*', '*_list'] }, but('mine_do', 'mine_see', 'sessions_list', 'agents_list')],
    ['deny of everything', { deny: ['*'] }, []],
    ['a wildcard in the middle', { allow: ['s*_s*s'] }, ['session_status']],
    ['a point is a point', { allow: ['mine.do'] }, []],
    ['byProvider counts for its models', { byProvider: { openai: { deny: ['exec'] } } }, but('exec'), ofModel('openai/gpt')],
    ['byProvider is not for other models', { byProvider: { openai: { deny: ['exec'] } } }, everything, ofModel('local/guide')],
    ['byProvider needs a model', { byProvider: { openai: { deny: ['*'] } } }, everything],
    [
      'byProvider, its profile',
      { byProvider: { OpenAI: { profile: 'minimal', alsoAllow: ['cron'] } } },
      ['session_status', 'cron'],
      ofModel('openai/gpt'),
    ],
    [
      'byProvider cannot give what was taken',
      { profile: 'minimal', byProvider: { openai: { allow: ['exec', 'session_status'] } } },
      ['session_status'],
      ofModel('openai/gpt'),
    ],
    [
      'an entry of the model counts instead of its provider’s',
      { byProvider: { openai: { deny: ['*'] }, 'openai/GPT': { deny: ['exec'] } } },
      but('exec'),
      ofModel('openai/gpt'),
    ],
    ['the agent', {}, ['read'], { agent: { allow: ['read'] } }],
    ['the agent’s profile', {}, ['session_status'], { agent: { profile: 'minimal' } }],
    ['the agent cannot give what was taken', { deny: ['exec'] }, ['read'], { agent: { allow: ['exec', 'read'] } }],
    ['the agent cannot widen the profile', { profile: 'minimal' }, ['session_status'], { agent: { profile: 'full', alsoAllow: ['exec'] } }],
    ['the agent, byProvider', {}, but('exec'), { agent: { byProvider: { openai: { deny: ['exec'] } } }, ...ofModel('openai/gpt') }],
    [
      'a sub-agent has no orchestration',
      {},
      ['read', 'exec', 'session_status', 'message', 'mine_do', 'mine_see'],
      { session: 'agent:main:subagent:1' },
    ],
    [
      'a sub-agent, with what its policy names',
      { subagents: { tools: { alsoAllow: ['sessions_list'], deny: ['exec'] } } },
      ['read', 'sessions_list', 'session_status', 'message', 'mine_do', 'mine_see'],
      { session: 'agent:main:subagent:1' },
    ],
    [
      'a sub-agent, with an allow list',
      { subagents: { tools: { allow: ['read', 'cron'] } } },
      ['read', 'cron'],
      { session: 'agent:main:subagent:1' },
    ],
    [
      'a sub-agent has no more than the rest allows',
      { deny: ['read'], subagents: { tools: { allow: ['read'] } } },
      [],
      { session: 'agent:main:subagent:1' },
    ],
    ['the policy of sub-agents is for them alone', { subagents: { tools: { allow: [] } } }, everything],
  ] as [string, ConfigInput, string[], Partial<Subject>?][])
    test(what, () => assert.deepEqual(left(config, subject), expected))

  test('a policy with one more step never has more', () => {
    const steps: ConfigInput[] = [
      { profile: 'coding' },
      { byProvider: { openai: { profile: 'messaging' } } },
      { allow: ['session*', 'read', 'message'] },
      { deny: ['sessions_spawn'] },
      { byProvider: { openai: { allow: ['sessions_*', 'session_status'] } } },
    ]
    for (const first of steps)
      for (const second of steps) {
        if (first === second || (first.byProvider && second.byProvider)) continue
        const [one, two, both] = [first, second, { ...first, ...second }].map((config) => left(config, ofModel('openai/gpt')))
        assert.deepEqual(
          both,
          one?.filter((name) => two?.includes(name)),
        )
      }
  })

  test('a group that does not exist stands for nothing, and is named once', () => {
    const warnings: string[] = []
    const config: ConfigInput = { deny: ['group:nonsense'] }
    const policies = new Policies({ timeoutMs: 1, ...config }, (message) => warnings.push(message))
    for (let time = 0; time < 3; time++) policies.of({ session: 'agent:main:main', model: () => undefined, agent: undefined })
    assert.deepEqual(warnings, ['A tool policy names "group:nonsense", which is no group: it stands for nothing.'])
  })
})

describe('tools: what a configuration cannot say', () => {
  for (const [path, plugin, config] of [
    ['tools', tools, { allow: [], alsoAllow: [] }],
    ['tools.byProvider.openai', tools, { byProvider: { openai: { allow: ['a'], alsoAllow: ['b'] } } }],
    ['tools.subagents.tools', tools, { subagents: { tools: { allow: ['a'], alsoAllow: ['b'] } } }],
    ['agents.list.1.tools', agents, { list: [{ id: 'a' }, { id: 'b', tools: { allow: ['a'], alsoAllow: ['b'] } }] }],
  ] as const)
    test(`allow with alsoAllow at ${path}`, async (t) => {
      const gateway = await createTestGateway()
      t.after(() => gateway.close())
      await assert.rejects(gateway.reload({ plugins: [{ plugin: plugin as typeof tools, config: config as never }] }), (error: any) => {
        assert.equal(error.code, 'invalid_config')
        assert.deepEqual([error.issues[0].path, /cannot set both allow and alsoAllow in the same scope/.test(error.message)], [path, true])
        return true
      })
    })
})
