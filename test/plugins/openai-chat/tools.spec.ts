import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatewayError } from 'openclaw/plugin'
import { parseTools } from '../../../plugins/openai-chat/tools.js'

const fn = (name: string, more: object = {}) => ({ type: 'function', function: { name, ...more } })
const plain = (name: string) => ({ name, parameters: { type: 'object', properties: {} } })
const refusal = (body: Record<string, unknown>) => {
  try {
    parseTools(body)
  } catch (error) {
    assert.ok(error instanceof GatewayError)
    return [error.code, error.param]
  }
  return assert.fail(`${JSON.stringify(body)} was accepted`)
}

describe('client tools', () => {
  test('a tool without parameters takes an object without properties', () => {
    assert.deepEqual(parseTools({ tools: [fn('a'), fn('b.c', { parameters: null })] }).tools, [plain('a'), plain('b.c')])
  })

  test('description, parameters and strict go on as they are', () => {
    const tool = { name: 'a', description: 'd', parameters: { type: 'object', properties: { x: {} } }, strict: true }
    assert.deepEqual(parseTools({ tools: [{ type: 'function', function: tool }] }).tools, [tool])
  })

  test('no tools, an empty list and the choice none all mean no tools', () => {
    const none = { tools: undefined, toolChoice: undefined, parallelToolCalls: undefined }
    assert.deepEqual(parseTools({}), none)
    assert.deepEqual(parseTools({ tools: [], tool_choice: 'auto' }), none)
    assert.deepEqual(parseTools({ tools: [fn('a')], tool_choice: 'none', parallel_tool_calls: false }), none)
  })

  test('the older functions and function_call are the same thing', () => {
    assert.deepEqual(parseTools({ functions: [{ name: 'a' }, { name: 'b' }], function_call: { name: 'b' } }), {
      tools: [plain('a'), plain('b')],
      toolChoice: { name: 'b' },
      parallelToolCalls: undefined,
    })
    assert.equal(parseTools({ functions: [{ name: 'a' }], function_call: 'none' }).tools, undefined)
    assert.deepEqual(parseTools({ functions: [{ name: 'a' }], tools: [fn('b')] }).tools, [plain('b')])
  })

  test('tool_choice in all its forms', () => {
    const choice = (value: unknown) => parseTools({ tools: [fn('a')], tool_choice: value }).toolChoice
    assert.equal(choice(null), undefined)
    assert.equal(choice('auto'), 'auto')
    assert.equal(choice('required'), 'required')
    assert.deepEqual(choice(fn('a')), { name: 'a' })
  })

  const table: [Record<string, unknown>, string, string][] = [
    [{ tools: {} }, 'invalid_value', 'tools'],
    [{ tools: ['a'] }, 'invalid_value', 'tools[0]'],
    [{ tools: [fn('a'), { type: 'custom', custom: {} }] }, 'unsupported_parameter', 'tools'],
    [{ tools: [{ type: 'function' }] }, 'invalid_value', 'tools[0].function'],
    [{ tools: [{ type: 'function', name: 'flat' }] }, 'invalid_value', 'tools[0].function'],
    [{ tools: [fn('has space')] }, 'invalid_value', 'tools[0].function.name'],
    [{ tools: [fn('x'.repeat(65))] }, 'invalid_value', 'tools[0].function.name'],
    [{ tools: [fn('a', { parameters: 'x' })] }, 'invalid_value', 'tools[0].function.parameters'],
    [{ tools: [fn('a'), fn('a')] }, 'invalid_value', 'tools'],
    [{ functions: [{ name: '' }] }, 'invalid_value', 'functions[0].name'],
    [{ functions: 'a' }, 'invalid_value', 'functions'],
    [{ tools: [fn('a')], tool_choice: fn('b') }, 'invalid_value', 'tool_choice'],
    [{ tools: [fn('a')], tool_choice: 'sometimes' }, 'invalid_value', 'tool_choice'],
    [{ tools: [fn('a')], tool_choice: { type: 'function' } }, 'invalid_value', 'tool_choice'],
    [{ tools: [fn('a')], tool_choice: { type: 'allowed_tools' } }, 'unsupported_parameter', 'tool_choice'],
    [{ tools: [fn('a')], tool_choice: { type: 'custom', custom: { name: 'a' } } }, 'unsupported_parameter', 'tool_choice'],
    [{ tool_choice: 'required' }, 'invalid_value', 'tool_choice'],
    [{ tool_choice: fn('a') }, 'invalid_value', 'tool_choice'],
    [{ functions: [{ name: 'a' }], function_call: 'required' }, 'invalid_value', 'function_call'],
    [{ functions: [{ name: 'a' }], function_call: { name: 'b' } }, 'invalid_value', 'function_call'],
  ]
  for (const [body, code, param] of table)
    test(`T-API-05 ${JSON.stringify(body).slice(0, 80)} is refused`, () => assert.deepEqual(refusal(body), [code, param]))
})
