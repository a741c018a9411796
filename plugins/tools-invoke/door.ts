import type { Config } from './schema.js'

/** What spawns, sends, schedules or configures is not for one HTTP request, whatever the policy says. */
const hardDenied: readonly string[] = ['sessions_spawn', 'sessions_send', 'cron', 'gateway', 'whatsapp_login']

/** Names that HTTP refuses besides the policy: exact, without groups. One that is both allowed and denied is denied. */
export function deniedNames({ allow = [], deny = [] }: Pick<Config, 'allow' | 'deny'>): ReadonlySet<string> {
  const denied = new Set(hardDenied)
  for (const name of allow) denied.delete(normal(name))
  for (const name of deny) denied.add(normal(name))
  return denied
}

const normal = (name: string) => name.trim().toLowerCase()
