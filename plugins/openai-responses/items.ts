/** What the gateway keeps of one content part: in the vendor's form, with images and files as `data:` URIs. */
export type Part =
  | { type: 'input_text'; text: string }
  | { type: 'output_text'; text: string; annotations: unknown[]; logprobs: unknown[] }
  | { type: 'refusal'; refusal: string }
  | ImagePart
  | FilePart
export interface ImagePart {
  type: 'input_image'
  image_url: string
  detail: 'auto' | 'low' | 'high'
}
export interface FilePart {
  type: 'input_file'
  filename?: string
  file_data: string
}

export type Role = 'user' | 'system' | 'developer' | 'assistant'

/** One step of a conversation: of a request's input, or of a response's output. */
export type Item =
  | { type: 'message'; role: Role; content: Part[] }
  | { type: 'function_call'; call_id: string; name: string; arguments: string; status?: string }
  | { type: 'function_call_output'; call_id: string; output: string | Part[] }
  | { type: 'reasoning' }

/** An item, and where it stands in the request for an error that is about it. */
export interface Located {
  readonly item: Item
  readonly param: string
}
