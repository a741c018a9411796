#!/usr/bin/env node
import { runProgram } from './program.js'

const code = await runProgram(process.argv.slice(2), process.env)
// A pipe may still hold the last lines; what a command left open must not keep a finished program alive.
await new Promise<unknown>((resolve) => process.stdout.write('', resolve))
process.exit(code)
