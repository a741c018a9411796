import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { Plugin } from 'openclaw'
import { conformance } from 'openclaw/testing'
import { standard } from '../cli/standard.js'
import { installThirdParty } from './support/third-party.js'

/** Configuration that gives a plugin something to do. */
const configs: Record<string, unknown> = {
  'provider-openai': { fake: { baseUrl: 'http://127.0.0.1:1/v1', models: [{ id: 'one' }] } },
  models: { aliases: { fast: 'fake/one' } },
  agents: { list: [{ id: 'main', model: 'fake/one' }, { id: 'other' }] },
}

const state = mkdtempSync(join(tmpdir(), 'conformance-'))
after(() => rmSync(state, { recursive: true, force: true }))

const plugins: Plugin[] = []
for (const { load } of standard) plugins.push((await load()).default)

/** The plugins that provide what this one requires, and what those require. */
function needs(plugin: Plugin): Plugin[] {
  const required = (plugin.requires ?? []).map((r) => ('optional' in r ? r.optional.id : r.id))
  const providers = plugins.filter((other) => other !== plugin && other.provides?.some(({ id }) => required.includes(id)))
  return [...new Set(providers.flatMap((provider) => [...needs(provider), provider]))]
}

for (const plugin of plugins) {
  const config = configs[plugin.name]
  conformance(plugin, { with: needs(plugin), paths: { state }, ...(config !== undefined && { config }) })
}

const toy = await installThirdParty('openclaw-plugin-toy')
const faulty = await installThirdParty('openclaw-plugin-faulty')
after(() => Promise.all([toy.remove(), faulty.remove()]))
conformance(await toy.load())
conformance(await faulty.load())
