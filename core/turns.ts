/** Single flight: one run at a time, and while it runs only the newest request waits. Everyone who waited gets its result. */
export function createTurns<Request, Result>(run: (request: Request) => Promise<Result>) {
  let running: Promise<unknown> = Promise.resolve()
  let waiting: { request: Request; result: Promise<Result> } | undefined
  const runWaiting = () => {
    const { request } = waiting as { request: Request }
    waiting = undefined
    return run(request)
  }
  return {
    take(request: Request): Promise<Result> {
      const result = waiting?.result ?? running.then(runWaiting)
      waiting = { request, result }
      running = result.catch(() => undefined)
      return result
    },
    /** Resolves when nothing runs or waits. */
    idle: () => running,
  }
}
