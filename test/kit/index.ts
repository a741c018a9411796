/** Entry `openclaw/testing`: a gateway for tests, and the checks that every plugin has to pass. */
export { conformance, type ConformanceOptions } from './conformance.js'
export { createTestGateway, type TestGateway, type TestGatewayOptions } from './gateway.js'
