import type { Tool } from '../contracts/tools.js'
import { sessionsHistory } from './history-tool.js'
import { sessionsList } from './list-tool.js'
import type { MethodInputs } from './methods.js'
import { sessionStatus } from './status-tool.js'

/** Every tool of sessions. They read and change nothing. */
export function addTools(tools: { add(tool: Tool): void }, inputs: MethodInputs) {
  tools.add(sessionsList(inputs))
  tools.add(sessionsHistory(inputs))
  tools.add(sessionStatus(inputs))
}
