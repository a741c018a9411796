import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Control } from '../../support/control.js'
import { bootInMode, proxyHeaders, remoteHeaders, secret } from '../../support/control-modes.js'
import { modes } from '../../support/modes.js'
import { connect, type ConnectOptions, createDevice, type Response } from '../../support/operator.js'
import { pool } from '../../support/raw.js'

const columns = ['mode', 'token', 'password', 'device', 'own', 'bootstrap', 'from'] as const
type Case = Record<(typeof columns)[number], string>

const lines = readFileSync(new URL('../../fixtures/credentials.txt', import.meta.url), 'utf8').split('\n')
const rules = lines
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const words = line.split(/ {2,}/)
    return { line, wants: words.slice(0, columns.length), outcome: words[columns.length] as string }
  })
const ruleOf = (given: Case) =>
  rules.find(({ wants }) => columns.every((column, at) => wants[at] === '*' || wants[at] === given[column])) as (typeof rules)[number]

const three = ['none', 'right', 'wrong']
function casesOf(mode: string): Case[] {
  const values: Omit<Record<keyof Case, readonly string[]>, 'mode'> = {
    token: three,
    password: three,
    device: ['none', 'good', 'bad'],
    own: three,
    bootstrap: ['none', 'wrong'],
    from: mode === 'trusted-proxy' ? ['direct', 'proxy', 'forged'] : ['direct', 'remote'],
  }
  return Object.entries(values).reduce<Case[]>(
    (cases, [column, choices]) => cases.flatMap((given) => choices.map((choice) => ({ ...given, [column]: choice }))),
    [{ mode } as Case],
  )
}

const headersFrom: Record<string, Record<string, string>> = {
  direct: {},
  remote: remoteHeaders,
  proxy: proxyHeaders,
  forged: { ...proxyHeaders, 'x-proxy-secret': 'wrong' },
}

function optionsOf(given: Case, { devices }: Control): ConnectOptions {
  const device = createDevice()
  const credential = (kind: string) => (kind === 'none' ? undefined : kind === 'right' ? secret : 'a wrong one')
  const claim = { deviceId: device.id, publicKey: device.publicKey, role: 'operator', scopes: ['operator.admin'] } as const
  const own = given.own === 'none' ? undefined : devices.grant(claim).deviceToken
  const auth = {
    token: credential(given.token),
    password: credential(given.password),
    deviceToken: given.own === 'wrong' ? `${own?.slice(0, -2)}zz` : own,
    bootstrapToken: credential(given.bootstrap),
  }
  return {
    ...(given.device !== 'none' && { device }),
    ...(given.device === 'bad' && { sign: (payload: string) => `${payload} ` }),
    headers: headersFrom[given.from] as Record<string, string>,
    scopes: ['operator.read'],
    auth: Object.fromEntries(Object.entries(auth).filter(([, value]) => value !== undefined)),
  }
}

const outcomeOf = async ({ ok, error }: Response, scopes: () => Promise<boolean>) =>
  ok ? ((await scopes()) ? 'admitted' : 'health only') : (error?.details.code as string)

test('T-AUTH-05 §2.5 §2.8 every combination of credentials, in every mode, ends as the table says: nothing extra or invalid loosens anything', async () => {
  const used = new Set<string>()
  for (const mode of modes) {
    const control = await bootInMode(mode, { gateway: { auth: { rateLimit: { exemptLoopback: true } } } })
    await pool(casesOf(mode), 16, async (given) => {
      const { line, outcome } = ruleOf(given)
      used.add(line)
      const { wire, answer } = await connect(control.url, optionsOf(given, control))
      const reads = async () => (await wire.request('last-heartbeat')).ok
      assert.equal(await outcomeOf(answer, reads), outcome, JSON.stringify(given))
      wire.socket.terminate()
    })
    await control.gateway.close()
  }
  assert.deepEqual(
    rules.filter(({ line }) => !used.has(line)),
    [],
    'every line of the table is needed',
  )
})
