interface Account {
  readonly accountId?: string
  readonly configured?: boolean
  readonly linked?: boolean
  readonly running?: boolean
  readonly lastError?: string | null
  readonly probe?: { readonly ok?: boolean; readonly error?: string; readonly elapsedMs?: number }
}

/** One line for each channel of a health snapshot; one for each account where all are wanted. */
export function channelLines(health: any, all: boolean): string[] {
  const { channelOrder = [], channelLabels = {}, channels = {} } = health ?? {}
  return (channelOrder as string[]).flatMap((id) => {
    const channel = channels[id] ?? {}
    const accounts: Account[] = all ? Object.values(channel.accounts ?? {}) : []
    const label = channelLabels[id] ?? id
    if (accounts.length === 0) return [`${label}: ${accountText(channel)}`]
    return accounts.map((account) => `${label} (${account.accountId ?? 'default'}): ${accountText(account)}`)
  })
}

/** `ok`, `failed`, `linked`, `running`, `configured` or `not configured`, with the reason. */
export function accountText({ configured, linked, running, lastError, probe }: Account): string {
  if (probe?.ok === false) return `failed${probe.error ? ` (${probe.error})` : ''}`
  if (probe?.ok === true) return `ok${probe.elapsedMs === undefined ? '' : ` (${probe.elapsedMs}ms)`}`
  if (lastError) return `failed (${lastError})`
  if (linked) return 'linked'
  if (running) return 'running'
  return configured ? 'configured' : 'not configured'
}
