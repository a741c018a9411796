/** Which item of `output` it is. */
export interface Place {
  readonly id: string
  readonly index: number
}

/** `incomplete`: cut off where the token budget ran out. */
export type Status = 'completed' | 'incomplete'

/** An item of `output` while the model writes it. */
export interface OutputItem {
  readonly index: number
  /** Its first event. */
  begin(): string
  /** Its last events, and the item as JSON. */
  end(status: Status): { readonly frames: string; readonly json: string }
}
