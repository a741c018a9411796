import { afterEach } from 'node:test'
import { createTestGateway, type TestGateway, type TestGatewayOptions } from 'openclaw/testing'

/**
 * A way to boot gateways that closes them after each test of the suite it is called in, also of a test that failed: an
 * open port would keep the whole run from ending.
 */
export function gatewaysOfSuite(): (options?: TestGatewayOptions) => Promise<TestGateway> {
  const open: TestGateway[] = []
  afterEach(async () => {
    for (const gateway of open.splice(0)) await gateway.close()
  })
  return async (options) => {
    const gateway = await createTestGateway(options)
    open.push(gateway)
    return gateway
  }
}
