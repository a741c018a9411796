declare const type: unique symbol

/** A typed name for something one plugin provides and others use. Compared by `id`, so two copies of this package agree. */
export interface Service<T> {
  readonly id: string
  readonly [type]?: T
}
export interface OptionalService<T> {
  readonly optional: Service<T>
}
export const defineService = <T>(id: string): Service<T> => ({ id })
/** In `requires`: the plugin also runs without it, and `.current` may be undefined. */
export const optional = <T>(service: Service<T>): OptionalService<T> => ({ optional: service })

/** JSON Schema of a plugin's config, carrying the type that it describes. Annotations: x-reload, x-secret, x-label, x-help. */
export type Schema<Config = unknown> = Readonly<Record<string, unknown>> & { readonly [type]?: Config }
export const defineSchema = <Config>(schema: Record<string, unknown>): Schema<Config> => schema as Schema<Config>
