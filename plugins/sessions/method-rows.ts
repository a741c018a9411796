import type { Method } from '../contracts/methods.js'
import { deleteSession, getMessages, listSessions, type MethodInputs, patchSession, resetSession, resolveSession } from './methods.js'
import {
  deleteSchema,
  listSchema,
  messagesSubscribeSchema,
  patchSchema,
  previewSchema,
  resetSchema,
  resolveSchema,
} from './params-schema.js'
import { previewsOf } from './previews.js'
import type { Subscribers } from './subscribers.js'

interface Writer {
  add<Params>(name: string, method: Method<Params>): void
}

const read = 'operator.read'
const admin = 'operator.admin'

/** Every method of sessions. */
export function addMethods(methods: Writer, inputs: MethodInputs & { readonly subscribers: Subscribers }) {
  const { sessions } = inputs
  methods.add('sessions.list', { scope: read, params: listSchema, handler: ({ params }) => listSessions(inputs, params) })
  addSubscriptions(methods, inputs)
  methods.add('sessions.preview', {
    scope: read,
    params: previewSchema,
    handler: ({ params }) => ({ ts: Date.now(), previews: previewsOf(sessions, params) }),
  })
  methods.add('sessions.patch', { scope: admin, params: patchSchema, handler: (call) => patchSession(inputs, call) })
  methods.add('sessions.reset', { scope: admin, params: resetSchema, handler: ({ params }) => resetSession(inputs, params) })
  methods.add('sessions.delete', { scope: admin, params: deleteSchema, handler: (call) => deleteSession(inputs, call) })
  methods.add('sessions.resolve', {
    scope: read,
    hidden: true,
    params: resolveSchema,
    handler: ({ params }) => resolveSession(inputs, params),
  })
  methods.add<Record<string, unknown>>('sessions.get', {
    scope: read,
    hidden: true,
    handler: ({ params }) => getMessages(inputs, params),
  })
}

function addSubscriptions(methods: Writer, { sessions, subscribers }: Parameters<typeof addMethods>[1]) {
  for (const [verb, on] of [
    ['subscribe', true],
    ['unsubscribe', false],
  ] as const) {
    methods.add(`sessions.${verb}`, {
      scope: read,
      handler({ client, cancellation }) {
        subscribers.watchAll(client.connId, on, cancellation)
        return { subscribed: on }
      },
    })
    methods.add(`sessions.messages.${verb}`, {
      scope: read,
      params: messagesSubscribeSchema,
      handler({ params, client, cancellation }) {
        const key = sessions.canonical(params.key)
        subscribers.watch(client.connId, key, on, cancellation)
        return { subscribed: on, key }
      },
    })
  }
}
