import { randomBytes } from 'node:crypto'
import { createGateway } from 'openclaw'
import health from 'openclaw/plugins/health'
import http from 'openclaw/plugins/http'
import inference from 'openclaw/plugins/inference'
import openaiChat from 'openclaw/plugins/openai-chat'
import { echoModels } from './echo.js'

const token = randomBytes(24).toString('hex')
const gateway = await createGateway({
  plugins: [http, health, inference, openaiChat, echoModels],
  gateway: { port: 0, auth: { mode: 'token', token } },
})

console.log(`url ${gateway.url}`)
console.log(`token ${token}`)

// Signals are the host's: the gateway itself never touches the process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void gateway.close(`Got ${signal}.`))
