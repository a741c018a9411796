import assert from 'node:assert/strict'
import { after } from 'node:test'
import agents from '../../plugins/agents/index.js'
import ws from '../../plugins/ws-protocol/index.js'
import { connectOperator, type Wire } from './operator.js'
import { bootSessions, temporaryFolder } from './sessions.js'

/** Sessions on disk with the agents `main` and `helper`, and an operator connected to them. Ends with the file. */
export async function sessionsOverWire() {
  const state = await temporaryFolder()
  const booted = await bootSessions(state, [{ plugin: agents, config: { list: [{ id: 'main' }, { id: 'Helper' }] } }, ws])
  const { gateway, sessions } = booted
  const connect = (client?: Record<string, unknown>, headers?: Record<string, string>) =>
    connectOperator(gateway.url, { token: gateway.token, ...(client && { client }), ...(headers && { headers }) })
  const wire = await connect()
  after(async () => {
    await wire.close()
    await gateway.close()
  })
  /** The error that a call is answered with. */
  const errorOf = async (method: string, params: unknown, over: Wire = wire): Promise<string> => {
    const { ok, error } = await over.request(method, params)
    assert.equal(ok, false, `${method} was answered`)
    return `${error?.code}: ${error?.message}`
  }
  return { state, booted, sessions, wire, connect, errorOf }
}
