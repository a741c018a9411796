import { type MethodCall, refusal } from '../contracts/methods.js'
import type { Run, RunOutcome, Runs } from '../contracts/runs.js'
import type { RunRecord } from '../contracts/sessions.js'
import { agentRequest, type AgentSurroundings } from './agent-request.js'
import type { AgentParams } from './params-schema.js'

/** What the method `agent` answers last; it says `accepted` before. Error: `INVALID_REQUEST`, `UNAVAILABLE`. */
export async function runAgent(call: MethodCall<AgentParams>, runs: Runs, around: AgentSurroundings) {
  const { request, reset } = agentRequest(call, around)
  const { sessions } = around
  // A repeated `/new` must not reset again.
  const known = sessions.run(`agent:${request.runId}`)
  if (known) return replay(known, activeRun(runs, request.runId))
  if (reset) await sessions.reset(request.session, reset)
  if (call.params.label !== undefined) await sessions.patch(request.session, { label: call.params.label })
  const started = await runs.start(request)
  if ('earlier' in started) return replay(started.earlier, started.run)
  const { run } = started
  call.respond(accepted(run))
  return finalOf(await run.done)
}

const accepted = ({ runId, acceptedAt }: Pick<Run, 'runId' | 'acceptedAt'>) => ({ runId, status: 'accepted', acceptedAt })

function activeRun(runs: Runs, runId: string): Run | undefined {
  for (const run of runs.active()) if (run.kind === 'agent' && run.runId === runId) return run
  return undefined
}

/** The same answers as the first time, also after a restart of the gateway. */
function replay(record: RunRecord, run: Run | undefined) {
  if (record.status === 'running') return accepted(run ?? record)
  if (record.result !== undefined) return record.result
  const why =
    record.status === 'interrupted' ? 'The gateway ended while this run was in progress. Send it again with another key.' : record.error
  throw refusal('UNAVAILABLE', why ?? 'The run failed.')
}

function finalOf({ result, error }: RunOutcome) {
  if (result === undefined) throw refusal('UNAVAILABLE', error?.message ?? 'The run failed.')
  return result
}
