/** The body of a reply. */
export const jsonOf = async (response: Response): Promise<any> => response.json()

/** The data of every frame of a chat stream; the last is `[DONE]` as text. */
export const framesOf = (wire: string): any[] =>
  wire
    .split('\n\n')
    .filter((frame) => frame.startsWith('data: '))
    .map((frame) => (frame === 'data: [DONE]' ? '[DONE]' : JSON.parse(frame.slice(6))))
