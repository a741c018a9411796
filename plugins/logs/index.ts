import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { definePlugin, type Level } from 'openclaw/plugin'
import { Methods } from '../contracts/methods.js'
import { createLogFile, type LogFileProblem } from './file.js'
import { recordBody, servedBody, servedLevel } from './line.js'
import { createRedactor } from './redact.js'
import { foldRefusals } from './refusals.js'
import { type LogLevel, schema } from './schema.js'
import { createTailMethod } from './tail-method.js'

const severity: Record<LogLevel, number> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4, fatal: 5, silent: 6 }

export default definePlugin({
  api: 1,
  name: 'logs',
  section: 'logging',
  schema,
  apply(kernel) {
    const config = () => kernel.config.current
    const path = pathOf(config().file, kernel.paths.state)
    // Embedded without directories: the host has the records already.
    if (path === undefined) return
    const redact = createRedactor(kernel.redact, config().redactPatterns, () => config().redactSensitive !== 'off')
    const owner = {
      limits: () => ({ maxBytes: config().maxFileBytes, maxFiles: config().maxFiles }),
      tell: (problem: LogFileProblem) => {
        if ('failed' in problem)
          kernel.log.error(`Cannot write ${path}: ${problem.failed}. Lines are held, then dropped, until it can be written.`)
        else kernel.log.warn(`${path} is written again.`, { dropped: problem.dropped })
      },
    }
    const file = kernel.keep(
      `file ${path}`,
      () => createLogFile(path, owner),
      (kept) => kept.close(),
    )
    const wants = (level: Level) => severity[level] >= severity[config().level]
    const refusals = foldRefusals((status, count, addresses) => {
      file.append(Date.now(), JSON.stringify({ level: 'warn', from: 'http', msg: 'refused', status, count, addresses }))
    })
    kernel.surface(Methods).tap((methods) => methods.add('logs.tail', createTailMethod(file, kernel.redact)))
    kernel.hooks.start.tap(() => {
      file.owner = owner
      return file.flush()
    })
    kernel.hooks.logged.tap((record) => {
      if (!wants(record.level)) return
      file.append(record.time, recordBody(record, redact))
      if (record.level === 'fatal') void file.flush()
    })
    kernel.hooks.served.tap((event) => {
      const { call, status } = event
      if (!wants(servedLevel(call, status))) return
      if ((status === 401 || status === 429) && !refusals.admit(status, call.address)) return
      file.append(Date.now(), servedBody(event, redact))
    })
    kernel.hooks.close.tap(() => {
      refusals.settle()
      return file.flush()
    })
  },
})

function pathOf(file: string | undefined, state: string | undefined): string | undefined {
  if (file === undefined) return state === undefined ? undefined : join(state, 'logs', 'gateway.jsonl')
  if (file.startsWith('~/')) return join(homedir(), file.slice(2))
  return state === undefined ? resolve(file) : resolve(state, file)
}
