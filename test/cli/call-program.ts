import { createOutput } from '../../cli/output.js'
import { runProgram } from '../../cli/program.js'
import type { Sandbox } from './sandbox.js'

export interface Called {
  readonly stdout: string
  readonly stderr: string
  readonly code: number
}

/** The program in this process: what it prints and its exit code. */
export async function callProgram(
  { home }: Pick<Sandbox, 'home'>,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Called> {
  let [stdout, stderr] = ['', '']
  const out = createOutput({ write: (text) => (stdout += text) }, { write: (text) => (stderr += text) })
  const code = await runProgram(args, { HOME: home, OLLAMA_HOST: '127.0.0.1:1', ...env }, out)
  return { stdout, stderr, code }
}
