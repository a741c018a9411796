/** What the worker is asked, and what it answers: plain data, one job at a time. */
export type Job =
  | { readonly kind: 'embed'; readonly texts: readonly string[] }
  /** `earlier`: the user's message before that one, for a question that says little by itself. */
  | { readonly kind: 'guide'; readonly question: string; readonly earlier: string | undefined }

export interface Results {
  embed: readonly Float32Array[]
  guide: string
}

export type Reply = { readonly result: Results[Job['kind']] } | { readonly error: string }

export interface WorkerData {
  /** Path of the built sections, which ends in `.json`, or of the repository whose pages are read. */
  readonly manual: string
  /** Whether the parts of the embedding model are installed. */
  readonly embedding: boolean
}
