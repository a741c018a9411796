import type { Model } from '../contracts/models.js'

/** A model as API clients see it. What is not known is left out, but for `created`, which they do arithmetic on. */
export const modelObject = ({ key, provider, created, name, contextWindow, maxTokens }: Model) => ({
  id: key,
  object: 'model',
  created: created ?? 0,
  owned_by: provider,
  ...(name !== undefined && { name }),
  ...(contextWindow !== undefined && { context_length: contextWindow }),
  ...(maxTokens !== undefined && { max_output_tokens: maxTokens }),
})

/** A name for an agent: not listed, but there for clients that look a configured model up before they use it. */
export const aliasObject = (id: string) => ({ id, object: 'model', created: 0, owned_by: 'openclaw' })

/** Bodies of lists, made once for each: a list that changes is another array. */
export function createListBodies(): (list: readonly Model[]) => string {
  const bodies = new WeakMap<readonly Model[], string>()
  return (list) => {
    let body = bodies.get(list)
    if (body === undefined) bodies.set(list, (body = JSON.stringify({ object: 'list', data: list.map(modelObject) })))
    return body
  }
}
