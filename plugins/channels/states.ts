import type { Handle, Row } from 'openclaw/plugin'
import type { AccountStatus, Channel, ChannelAccount, ChannelStates, ChannelStatus } from '../contracts/channels.js'
import { createProber, type Prober } from './prober.js'

export interface StatesOptions {
  readonly table: Handle<ReadonlyMap<string, Row<Channel>>>
  readonly redact: (text: string) => string
  /** Ends probes that are under way. */
  readonly signal: AbortSignal
}

/** What the table's channels say of themselves. One that throws is blamed and has no accounts. */
export function createChannelStates({ table, redact, signal }: StatesOptions): ChannelStates {
  const prober = createProber(redact, signal)
  return {
    read: () => [...table.current.values()].map((row) => statusOf(row, prober, redact)),
    probe(limitMs) {
      const questions = [...table.current.values()].flatMap((row) => {
        const { key: id, value: channel } = row
        const asked = channel.probe ? accountsOf(row).filter(({ enabled, configured }) => enabled && configured) : []
        return asked.map(({ accountId }) => ({ id, accountId, channel }))
      })
      return prober.probe(questions, limitMs)
    },
  }
}

function statusOf(row: Row<Channel>, prober: Prober, redact: (text: string) => string): ChannelStatus {
  const { key: id, value } = row
  const { label, detailLabel = label, systemImage, defaultAccountId } = value
  const accounts = accountsOf(row).map((account): AccountStatus => {
    const { lastError } = account
    return { ...account, ...(lastError && { lastError: redact(lastError) }), ...prober.result(id, account.accountId) }
  })
  const account = accounts.find(({ accountId }) => accountId === defaultAccountId) ?? unconfigured(defaultAccountId)
  return { id, label, detailLabel, ...(systemImage !== undefined && { systemImage }), defaultAccountId, accounts, account }
}

const unconfigured = (accountId: string): AccountStatus => ({ accountId, enabled: false, configured: false, running: false })

function accountsOf({ value, owner }: Row<Channel>): readonly ChannelAccount[] {
  if (owner.standing() === 'down') return []
  try {
    return value.accounts()
  } catch (error) {
    owner.fault('accounts', error)
    return []
  }
}
