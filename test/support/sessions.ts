import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { definePlugin, type Plugin, type PluginUse } from 'openclaw/plugin'
import type { TestGateway } from 'openclaw/testing'
import { Sessions } from '../../plugins/contracts/sessions.js'
import sessions from '../../plugins/sessions/index.js'
import store from '../../plugins/store/index.js'
import { bootGateway } from './gateway.js'

export interface SessionsGateway {
  readonly gateway: TestGateway
  /** What it was booted with, for a reload. */
  readonly plugins: readonly (Plugin | PluginUse)[]
  /** The service as a plugin sees it. */
  readonly sessions: Sessions
}

/** A gateway that keeps sessions in `state`, or in memory. */
export async function bootSessions(state?: string, more: readonly (Plugin | PluginUse)[] = []): Promise<SessionsGateway> {
  let handle: { current: Sessions } | undefined
  const reader = definePlugin({
    api: 1,
    name: 'reader',
    requires: [Sessions],
    apply(kernel) {
      handle = kernel.use(Sessions)
    },
  })
  const plugins = [store, sessions, ...more, reader]
  const gateway = await bootGateway({ plugins, ...(state !== undefined && { paths: { state } }) })
  return {
    gateway,
    plugins,
    get sessions() {
      return (handle as { current: Sessions }).current
    },
  }
}

/** A directory that is removed at the end of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sessions-'))
  after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
