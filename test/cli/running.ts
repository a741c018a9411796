import assert from 'node:assert/strict'
import { freePort } from '../support/process.js'
import { startUpstream } from '../support/upstream.js'
import { type Called, callProgram } from './call-program.js'
import { type Child, createSandbox, minimal, type Sandbox } from './sandbox.js'

/** A gateway as its own process with the model `local/echo`, and the program beside it. */
export interface Running {
  readonly sandbox: Sandbox
  readonly port: number
  gateway: Child
  call(...args: string[]): Promise<Called>
  /** What a command that succeeds prints with `--json`. */
  json(...args: string[]): Promise<any>
  /** The same gateway anew. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startRunning(): Promise<Running> {
  const sandbox = createSandbox()
  const upstream = await startUpstream({ models: [] })
  const port = await freePort()
  const providers = { local: { baseUrl: upstream.baseUrl, models: [{ id: 'echo', contextWindow: 128_000 }] } }
  sandbox.write(minimal({ models: { providers }, agents: { defaults: { model: 'local/echo' } } }, { port }))
  const start = async () => {
    const gateway = sandbox.start(['gateway'])
    await gateway.url()
    return gateway
  }
  const running: Running = {
    sandbox,
    port,
    gateway: await start(),
    call: (...args) => callProgram(sandbox, args),
    async json(...args) {
      const { stdout, code, stderr } = await running.call(...args, '--json')
      assert.equal(code, 0, stderr)
      return JSON.parse(stdout)
    },
    async restart() {
      running.gateway = await start()
    },
    async stop() {
      await running.gateway.stop()
      await Promise.all([upstream.close(), sandbox.remove()])
    },
  }
  return running
}

export const keysOf = (value: object): string[] => Object.keys(value).sort()
/** Names of a document's members, in one text. */
export const names = (text: string): string[] => text.trim().split(/\s+/).sort()
