import { type Method, Serialized } from '../contracts/methods.js'
import type { Model, Models } from '../contracts/models.js'
import { noParamsSchema } from './params-schema.js'

/** The method `models.list`: what the default agent may chat with. Serialised once per list. */
export function createListMethod(models: Pick<Models, 'list'>): Method {
  let last: { readonly list: readonly Model[]; readonly answer: Serialized } | undefined
  return {
    scope: 'operator.read',
    params: noParamsSchema,
    handler() {
      const list = models.list()
      if (last?.list !== list) last = { list, answer: new Serialized(JSON.stringify({ models: list.filter(isChat).map(row) })) }
      return last.answer
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
