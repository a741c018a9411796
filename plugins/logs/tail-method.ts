import { messageOf } from 'openclaw/plugin'
import { type Method, refusal } from '../contracts/methods.js'
import type { LogFile } from './file.js'
import { type TailParams, tailSchema } from './params-schema.js'
import { withPositions } from './positional.js'

/** The method `logs.tail`. Lines were redacted when they were written; `mask` hides what has become a secret since. */
export const createTailMethod = (file: LogFile, mask: (text: string) => string): Method<TailParams> => ({
  scope: 'operator.read',
  params: tailSchema,
  async handler({ params }) {
    await file.flush()
    const { readTail } = await import('./tail.js')
    try {
      const tail = await readTail(file.path, params)
      return { ...tail, lines: tail.lines.map((line) => withPositions(mask(line))) }
    } catch (error) {
      throw refusal('UNAVAILABLE', `cannot read ${file.path}: ${messageOf(error)}`)
    }
  },
})
