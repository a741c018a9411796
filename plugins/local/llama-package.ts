/** What is used of `node-llama-cpp` 3, which is not installed with the gateway. */
export interface LlamaPackage {
  getLlama(options: { build: 'never'; gpu: false; maxThreads: number }): Promise<{
    loadModel(options: { modelPath: string }): Promise<LlamaModel>
    dispose(): Promise<void>
  }>
  readonly LlamaChatSession: new (options: { contextSequence: unknown }) => LlamaChatSession
}

export interface LlamaModel {
  createContext(options: { contextSize: number; threads: number; sequences: number }): Promise<{
    getSequence(): unknown
    dispose(): Promise<void>
  }>
  dispose(): Promise<void>
}

export type ChatHistoryItem = { type: 'system' | 'user'; text: string } | { type: 'model'; response: string[] }

export interface LlamaChatSession {
  setChatHistory(history: ChatHistoryItem[]): void
  promptWithMeta(
    prompt: string,
    options: {
      signal: AbortSignal
      stopOnAbortSignal: boolean
      onTextChunk(text: string): void
      maxTokens: number
      temperature?: number
      topP?: number
      seed?: number
      customStopTriggers?: readonly string[]
    },
  ): Promise<{ stopReason: string }>
}
