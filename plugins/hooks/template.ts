/** What a template can say something of. */
export interface TemplateValues {
  readonly path: string
  /** ISO time. */
  readonly now: string
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly payload: unknown
}

/** Text with values in it, compiled once: it is data, and can neither compute, repeat nor read anything else. */
export interface Template {
  /** Something of the request may appear in it, so that its sender has a say in what comes out. */
  readonly dynamic: boolean
  /** `safe` is asked to make each value fit. What it answers is not read as a template again. */
  render(values: TemplateValues, safe?: (value: string) => string): string
}

type Step = string | number
type Part = string | { readonly steps: readonly Step[] }

/** `{{expr}}` is the time `now`, `path`, `headers.x`, `query.x`, `payload.a.b[0]`, or the latter without `payload.`. */
export function compileTemplate(text: string): Template {
  const parts: Part[] = []
  let from = 0
  for (const { index, 0: whole, 1: expression = '' } of text.matchAll(/\{\{([^{}]*)\}\}/g)) {
    parts.push(text.slice(from, index), { steps: stepsOf(expression.trim()) })
    from = index + whole.length
  }
  parts.push(text.slice(from))
  const dynamic = parts.some((part) => typeof part !== 'string' && part.steps.join() !== 'now')
  return {
    dynamic,
    render: (values, safe = (value) => value) =>
      parts.map((part) => (typeof part === 'string' ? part : safe(textOf(valueAt(values, part.steps))))).join(''),
  }
}

function stepsOf(expression: string): Step[] {
  if (!/^(?:[^.[\]]+|\[\d{1,9}\])(?:\.[^.[\]]+|\[\d{1,9}\])*$/.test(expression)) return []
  return [...expression.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([name, index]) => (index === undefined ? name : Number(index)))
}

function valueAt(values: TemplateValues, steps: readonly Step[]): unknown {
  const [first, ...rest] = steps
  if (first === undefined) return undefined
  if (steps.length === 1 && (first === 'now' || first === 'path')) return values[first]
  if (first === 'headers' && rest.length === 1) return own(values.headers, String(rest[0]).toLowerCase())
  if (first === 'query' && rest.length === 1) return own(values.query, rest[0] as Step)
  const way = first === 'payload' ? rest : steps
  return way.reduce<unknown>((value, step) => own(value, step), values.payload)
}

const forbidden = new Set<Step>(['__proto__', 'prototype', 'constructor'])

/** Own data of objects and lists: neither a method nor anything inherited. */
function own(value: unknown, step: Step): unknown {
  if (typeof value !== 'object' || value === null || forbidden.has(step)) return undefined
  if (Array.isArray(value)) return typeof step === 'number' ? value[step] : undefined
  return Object.hasOwn(value, step) ? (value as Record<Step, unknown>)[step] : undefined
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
