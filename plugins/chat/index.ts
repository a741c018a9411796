import { definePlugin } from 'openclaw/plugin'
import { Agents } from '../contracts/agents.js'
import { Events } from '../contracts/events.js'
import { Methods } from '../contracts/methods.js'
import { Models } from '../contracts/models.js'
import { type AgentEvent, Runs } from '../contracts/runs.js'
import { Sessions } from '../contracts/sessions.js'
import { abortChats } from './abort.js'
import { readHistory } from './history.js'
import { inject } from './inject.js'
import { abortSchema, historySchema, injectSchema, sendSchema } from './params-schema.js'
import { schema } from './schema.js'
import { send } from './send.js'
import { type ChatEvent, Streams } from './streams.js'

export default definePlugin({
  api: 1,
  name: 'chat',
  schema,
  requires: [Agents, Models, Runs, Sessions],
  apply(kernel) {
    const agents = kernel.use(Agents)
    const models = kernel.use(Models)
    const runs = kernel.use(Runs)
    const sessions = kernel.use(Sessions)
    const streams = kernel.keep(
      'streams',
      () => new Streams(),
      () => undefined,
    )
    const publish = (payload: ChatEvent) => kernel.emit('published', { event: 'chat', payload })
    // The protocol knows no chat without the run's own events, so those are the one source of both.
    kernel.hooks.published.tap(({ event, payload }) => {
      if (event === 'agent') streams.hear(payload as AgentEvent, publish)
    })
    kernel.surface(Events).tap((events) => events.add('chat', { droppable: ({ state }: ChatEvent) => state === 'delta' }))
    kernel.surface(Methods).tap((methods) => {
      methods.add('chat.history', {
        scope: 'operator.read',
        params: historySchema,
        handler: (call) => readHistory(call, sessions.current),
      })
      methods.add('chat.abort', {
        scope: 'operator.write',
        params: abortSchema,
        handler: ({ params: { sessionKey, runId }, client }) =>
          abortChats(runs.current, { session: sessions.current.canonical(sessionKey), runId, client, reason: 'rpc' }),
      })
      methods.add('chat.send', {
        scope: 'operator.write',
        params: sendSchema,
        handler: (call) =>
          send(call, { agents: agents.current, models: models.current, runs: runs.current, sessions: sessions.current, publish }),
      })
      methods.add('chat.inject', {
        scope: 'operator.admin',
        hidden: true,
        params: injectSchema,
        handler: (call) => inject(call, sessions.current, publish),
      })
    })
  },
})
