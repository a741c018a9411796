/**
 * A process that is killed: hooks in the state directory of its second argument, with the upstream of its first, and the section
 * of its third. Prints its URL once it listens.
 */
import { writeSync } from 'node:fs'
import { createTestGateway } from 'openclaw/testing'
import { hookPlugins } from './uses.js'

const [upstream = '', state = '', section = '{}'] = process.argv.slice(2)
const { url } = await createTestGateway({ plugins: hookPlugins(upstream, JSON.parse(section)), paths: { state } })
writeSync(1, `${url}\n`)
