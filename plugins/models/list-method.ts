import { type Method, Serialized } from '../contracts/methods.js'
import type { Model, Models } from '../contracts/models.js'
import { noParamsSchema } from './params-schema.js'

/** The method `models.list`: what the default agent, and whoever asks, may chat with. Serialised once per list. */
export function createListMethod(models: Pick<Models, 'list'>): Method {
  const answers = new WeakMap<readonly Model[], Serialized>()
  return {
    scope: 'operator.read',
    params: noParamsSchema,
    handler({ client }) {
      const list = models.list(undefined, client.principal)
      let answer = answers.get(list)
      if (!answer) answers.set(list, (answer = new Serialized(JSON.stringify({ models: list.filter(isChat).map(row) }))))
      return answer
    },
  }
}

const isChat = ({ kind }: Model) => kind === 'chat'

const row = ({ id, name = id, provider, contextWindow, input }: Model) => ({
  id,
  name,
  provider,
  ...(contextWindow !== undefined && { contextWindow }),
  ...(input && { input }),
})
