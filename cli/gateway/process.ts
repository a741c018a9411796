import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Who a process is, past its number: numbers are reused, start times with them are not. */
export interface ProcessIdentity {
  readonly pid: number
  /** Linux: clock ticks since boot. Elsewhere: seconds since the epoch, give or take two. */
  readonly startTime?: number
}

export function ownIdentity(): Required<ProcessIdentity> {
  const startTime = ticksAtStart(process.pid) ?? Math.round(Date.now() / 1_000 - process.uptime())
  return { pid: process.pid, startTime }
}

/** Whether this very process still runs. Without a way to learn its start time, whether any process has its number. */
export async function isRunning({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  if (startTime === undefined) return true
  if (process.platform === 'linux') return ticksAtStart(pid) === startTime
  const started = await secondsAtStart(pid)
  return started === undefined || Math.abs(started - startTime) <= 2
}

/** Field 22 of the status line; the name before it may hold spaces and brackets. A zombie no longer runs. */
function ticksAtStart(pid: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : Number(fields[19])
  } catch {
    return undefined
  }
}

async function secondsAtStart(pid: number): Promise<number | undefined> {
  const text = await output('ps', ['-o', 'lstart=', '-p', String(pid)])
  const started = Date.parse(text.trim())
  return Number.isNaN(started) ? undefined : Math.round(started / 1_000)
}

/** Standard output of a short program, empty when it fails. No shell, two seconds, one megabyte. */
export const output = (file: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    execFile(file, [...args], { timeout: 2_000, maxBuffer: 1_048_576 }, (_error, stdout) => resolve(stdout ?? ''))
  })

const supervisors = [
  'LAUNCH_JOB_LABEL',
  'LAUNCH_JOB_NAME',
  'XPC_SERVICE_NAME',
  'OPENCLAW_LAUNCHD_LABEL',
  'OPENCLAW_SYSTEMD_UNIT',
  'INVOCATION_ID',
  'SYSTEMD_EXEC_PID',
  'OPENCLAW_WINDOWS_TASK_NAME',
  'OPENCLAW_SERVICE_MARKER',
]

/** Whether a service manager started this process. A desktop's terminal has the same variables, and a keyboard. */
export const isSupervised = (env: Readonly<Record<string, string | undefined>>, interactive = false): boolean =>
  !interactive && supervisors.some((name) => Boolean(env[name]) && !(name === 'XPC_SERVICE_NAME' && env[name] === '0'))
