import { Agent, request } from 'undici'
import { WebSocket } from 'ws'

export interface Traffic {
  /** Answers so far, by kind. */
  readonly done: { requests: number; streams: number; echoes: number }
  /** Everything that was not as it should be. */
  readonly failures: string[]
  /** Finish what is under way, then stop. */
  stop(): Promise<void>
}

export interface TrafficOptions {
  url: string
  token: string
  /** Model that answers with `text`. */
  model: string
  clients: number
  streams: number
  sockets: number
  /** Pause of a client between two of its requests. */
  pauseMs: number
  /** What a complete stream says. */
  text: string
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Clients that list models and chat, clients that stream, and WebSockets that talk to `/toy`: all at once, until stopped. */
export function startTraffic(options: TrafficOptions): Traffic {
  const { url, token, model } = options
  const agent = new Agent({ connections: options.clients + options.streams, keepAliveTimeout: 30_000 })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const failures: string[] = []
  const done = { requests: 0, streams: 0, echoes: 0 }
  let running = true
  const chat = (stream: boolean) => JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'hello' }] })

  async function client() {
    for (let turn = 0; running; turn++) {
      try {
        const list = turn % 2 === 0
        const answer = await request(`${url}${list ? '/v1/models' : '/v1/chat/completions'}`, {
          method: list ? 'GET' : 'POST',
          headers,
          body: list ? null : chat(false),
          dispatcher: agent,
        })
        const text = await answer.body.text()
        const complete = list ? text.startsWith('{"object":"list"') : text.includes('"finish_reason":"stop"')
        if (answer.statusCode === 200 && complete) done.requests++
        else failures.push(`${list ? 'models' : 'chat'}: ${answer.statusCode} ${text.slice(0, 200)}`)
      } catch (error) {
        failures.push(`client: ${error}`)
      }
      await pause(options.pauseMs)
    }
  }
  async function streamer() {
    while (running) {
      try {
        const answer = await request(`${url}/v1/chat/completions`, { method: 'POST', headers, body: chat(true), dispatcher: agent })
        const text = await answer.body.text()
        const said = text.replaceAll(/^.*?"delta":\{.*?"content":("(?:[^"\\]|\\.)*").*$|^.*$/gm, (_line, content) =>
          content ? JSON.parse(content) : '',
        )
        const complete =
          said.replaceAll('\n', '') === options.text && text.includes('"finish_reason":"stop"') && text.endsWith('data: [DONE]\n\n')
        if (answer.statusCode === 200 && complete) done.streams++
        else failures.push(`stream: ${answer.statusCode}, ${said.length} characters, …${text.slice(-200)}`)
      } catch (error) {
        failures.push(`stream: ${error}`)
      }
    }
  }
  function talker(index: number) {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/toy`, { headers: { authorization: `Bearer ${token}` } })
    return new Promise<void>((resolve) => {
      let expected = ''
      const say = () => {
        if (!running) return socket.close(1000)
        expected = `message ${index} ${done.echoes}`
        socket.send(expected)
      }
      socket.on('open', say)
      socket.on('message', (data) => {
        if (!String(data).includes(expected)) failures.push(`socket ${index}: sent "${expected}", got "${data}"`)
        done.echoes++
        setTimeout(say, 50)
      })
      socket.on('error', (error) => failures.push(`socket ${index}: ${error}`))
      socket.on('close', (code) => {
        if (running) failures.push(`socket ${index} was closed with ${code}`)
        resolve()
      })
    })
  }
  const work = [
    ...Array.from({ length: options.clients }, client),
    ...Array.from({ length: options.streams }, streamer),
    ...Array.from({ length: options.sockets }, (_, index) => talker(index)),
  ]
  return {
    done,
    failures,
    async stop() {
      running = false
      await Promise.all(work)
      await agent.close()
    },
  }
}
