import { failureText, type Offline } from '../contracts/offline.js'

/** `gateway call <method>`: the answer as JSON. Exit code 1 for any failure. */
export async function run(context: Offline, [method = '']: string[], options: Record<string, any>): Promise<number> {
  const { out } = context
  try {
    const params: unknown = JSON.parse(options['params'])
    const expectFinal = Boolean(options['expectFinal'])
    const answer = await context.rpc(options, (gateway) => gateway.call(method, params, { expectFinal }))
    if (!options['json']) out.print(`Gateway call: ${method}`)
    out.json(answer ?? null)
    return 0
  } catch (error) {
    out.error(`Gateway call failed: ${failureText(error)}`)
    return 1
  }
}
