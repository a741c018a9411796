import { createGateway } from 'openclaw'
import agents from '../../plugins/agents/index.js'
import http from '../../plugins/http/index.js'
import models from '../../plugins/models/index.js'
import openaiChat from '../../plugins/openai-chat/index.js'
import openaiModels from '../../plugins/openai-models/index.js'
import providerOpenai from '../../plugins/provider-openai/index.js'
import health from '../../plugins/health/index.js'
import logs from '../../plugins/logs/index.js'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'

const file = process.env['OPENCLAW_CONFIG_PATH'] as string
const config = JSON.parse(readFileSync(file, 'utf8'))
const extra = await Promise.all((config.plugins?.load.paths ?? []).map(async (p: string) => (await import(p)).default))
const gateway = await createGateway({
  plugins: [
    http,
    health,
    logs,
    { plugin: agents, config: config.agents },
    models,
    { plugin: providerOpenai, config: config.models.providers },
    openaiModels,
    openaiChat,
    ...extra,
  ],
  gateway: config.gateway,
  paths: { state: dirname(file) },
  log: (record) => record.level === 'info' || console.log(JSON.stringify(record)),
})
process.once('SIGTERM', () => void gateway.close())
