import { get } from 'node:http'
import type { Env } from '../paths.js'

/** Entries of `models.providers` that were found rather than configured. */
export type FoundProviders = Record<string, Record<string, unknown>>

/** Hosted services that speak the OpenAI chat protocol, by the variable that holds their key. */
const hosted: readonly { name: string; key: string; baseUrl: string; model: string }[] = [
  { name: 'openai', key: 'OPENAI_API_KEY', baseUrl: 'https://api.openai.com/v1', model: 'gpt-5.4' },
  { name: 'openrouter', key: 'OPENROUTER_API_KEY', baseUrl: 'https://openrouter.ai/api/v1', model: 'openrouter/auto' },
  { name: 'groq', key: 'GROQ_API_KEY', baseUrl: 'https://api.groq.com/openai/v1', model: 'llama-3.3-70b-versatile' },
  { name: 'deepseek', key: 'DEEPSEEK_API_KEY', baseUrl: 'https://api.deepseek.com/v1', model: 'deepseek-chat' },
  { name: 'mistral', key: 'MISTRAL_API_KEY', baseUrl: 'https://api.mistral.ai/v1', model: 'mistral-large-latest' },
  {
    name: 'google',
    key: 'GEMINI_API_KEY',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
    model: 'gemini-2.5-flash',
  },
  { name: 'xai', key: 'XAI_API_KEY', baseUrl: 'https://api.x.ai/v1', model: 'grok-4' },
]

const ollamaMs = 300
const mostBytes = 1_048_576

/** Providers that the environment holds keys for, and a running Ollama, unless one of that name is configured. */
export async function discoverProviders(env: Env, configured: ReadonlySet<string>): Promise<FoundProviders> {
  const found: FoundProviders = {}
  for (const { name, key, baseUrl, model } of hosted) {
    if (!env[key] || configured.has(name)) continue
    found[name] = {
      baseUrl: (name === 'openai' && env['OPENAI_BASE_URL']) || baseUrl,
      api: 'openai-completions',
      apiKey: { source: 'env', id: key },
      models: [],
      defaultModel: model,
    }
  }
  const ollama = configured.has('ollama') ? undefined : await findOllama(env['OLLAMA_HOST'])
  return ollama ? { ...found, ollama } : found
}

async function findOllama(host: string | undefined): Promise<Record<string, unknown> | undefined> {
  const base = ollamaUrl(host)
  const names = base && (await listModels(base))
  if (!names || names.length === 0) return undefined
  return {
    baseUrl: `${base}/v1`,
    api: 'openai-completions',
    models: names.map((id) => ({ id, name: id })),
    defaultModel: names[0],
  }
}

/** As Ollama itself reads it: host, host:port, or a URL. A wildcard address is where it listens, not where to call it. */
export function ollamaUrl(host = '127.0.0.1:11434'): string | undefined {
  const text = host.trim().replace(/\/+$/, '')
  try {
    const url = new URL(/^https?:\/\//.test(text) ? text : `http://${text}`)
    if (['0.0.0.0', '[::]'].includes(url.hostname)) url.hostname = '127.0.0.1'
    const port = url.port || (/^https?:\/\//.test(text) ? '' : '11434')
    return `${url.protocol}//${url.hostname}${port && `:${port}`}${url.pathname.replace(/\/+$/, '')}`
  } catch {
    return undefined
  }
}

/** Names of the models an Ollama has; undefined when none answers in time. */
const listModels = (base: string): Promise<string[] | undefined> =>
  new Promise((resolve) => {
    if (!base.startsWith('http://')) return resolve(undefined)
    const request = get(`${base}/api/tags`, { agent: false, signal: AbortSignal.timeout(ollamaMs) }, (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > mostBytes) request.destroy()
        else chunks.push(chunk)
      })
      response.on('error', () => resolve(undefined))
      response.on('end', () => resolve(response.statusCode === 200 ? readNames(chunks) : undefined))
    })
    request.on('error', () => resolve(undefined))
  })

function readNames(chunks: Buffer[]): string[] | undefined {
  try {
    const { models } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { models?: { name?: unknown }[] }
    return models?.map(({ name }) => name).filter((name): name is string => typeof name === 'string' && name !== '')
  } catch {
    return undefined
  }
}
