import { GatewayError, type Row } from 'openclaw/plugin'
import { Canceller, orAborted } from '../contracts/cancellation.js'
import { type Tool, type ToolInvocation, type ToolContext, toolErrors, type ToolOutcome } from '../contracts/tools.js'
import { argumentsOf } from './arguments.js'
import { outcomeOf } from './outcome.js'

/** What a call brings besides what its caller said. */
export type Reach = Pick<ToolContext, 'visibility' | 'reaches'>

/**
 * Run a tool that was found and allowed: arguments, time, result. What it throws, overruns or answers wrongly is its plugin's fault,
 * reported once, and `tool_failed` for the caller.
 */
export async function runTool(row: Row<Tool>, call: ToolInvocation, reach: Reach, defaultMs: number): Promise<ToolOutcome> {
  const tool = row.value
  const canceller = new Canceller()
  const unwatch = call.cancellation.onAbort((reason) => canceller.abort(reason))
  const limitMs = tool.timeoutMs ?? defaultMs
  const late = new Error(`it did not end within ${limitMs} ms`)
  const deadline = setTimeout(() => canceller.abort(late), limitMs)
  try {
    const args = await argumentsOf(tool, call)
    if (canceller.aborted) throw canceller.reason
    const answer = tool.run(args, { ...call, ...reach, cancellation: canceller })
    return outcomeOf(await orAborted(Promise.resolve(answer), canceller))
  } catch (error) {
    if (call.cancellation.aborted) throw call.cancellation.reason
    if (isTold(error)) throw error
    row.owner.fault(`tool ${tool.name}`, error)
    throw new GatewayError('tool_failed', 'tool execution failed', { cause: error })
  } finally {
    clearTimeout(deadline)
    unwatch()
  }
}

const isTold = (error: unknown): error is GatewayError =>
  error instanceof GatewayError && error.plugin === undefined && (toolErrors.has(error.code) || error.code === 'tool_result_too_large')
