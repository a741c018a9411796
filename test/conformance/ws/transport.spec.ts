import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { WebSocket } from 'ws'
import { bootControl, type Control } from '../../support/control.js'
import { upgradeLines } from '../../support/gateway.js'
import { connect, connectOperator, connectParams, createDevice, openWire } from '../../support/operator.js'
import { raw, rawConnect } from '../../support/raw.js'

let control: Control
before(async () => {
  control = await bootControl()
})
after(() => control.gateway.close())

const opened = async (socket: WebSocket) => {
  const [upgrade] = await Promise.all([once(socket, 'upgrade'), once(socket, 'open')])
  return upgrade[0].headers as Record<string, string>
}

describe('transport', () => {
  test('§1.1 every path on the port of the HTTP surface takes a socket', async () => {
    for (const path of ['/', '/gateway', '/a/b/c', '/v1/nothing', '/ws?x=1']) {
      const wire = await connectOperator(control.at(path), { token: control.token })
      assert.equal(wire.hello.type, 'hello-ok', path)
      await wire.close()
    }
    assert.equal((await control.gateway.fetch('/nowhere')).status, 404)
  })

  test('§1.1 the 101 asks for no credential, and none in the upgrade’s headers counts', async () => {
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: `Bearer ${control.token}` }]) {
      const { wire, answer } = await connect(control.url, { device: createDevice(), headers })
      assert.equal(answer.error?.details.code, 'AUTH_TOKEN_MISSING')
      await wire.closed
    }
  })

  test('§1.1 no sub-protocol is needed; of those offered the first is echoed', async () => {
    const plain = new WebSocket(control.url)
    assert.equal((await opened(plain))['sec-websocket-protocol'], undefined)
    const offered = new WebSocket(control.url, ['one', 'two'])
    assert.equal((await opened(offered))['sec-websocket-protocol'], 'one')
    for (const socket of [plain, offered]) socket.terminate()
  })

  test('T-DOS-06 §1.1 compression is never negotiated, however it is offered', async () => {
    for (const offer of ['permessage-deflate', 'permessage-deflate; client_max_window_bits, x-webkit-deflate-frame']) {
      const connection = await rawConnect(control.url)
      const host = new URL(control.url).host
      await connection.send(raw(upgradeLines('/', host, `Sec-WebSocket-Extensions: ${offer}`)))
      const [reply] = await connection.until(1)
      assert.deepEqual([reply?.status, reply?.headers['sec-websocket-extensions']], [101, undefined])
      // RSV1 says "compressed": without the extension it breaks the protocol.
      await connection.send(Buffer.from([0xc1, 0x81, 0, 0, 0, 0, 0x7b]))
      assert.ok(await connection.closes())
      assert.ok(connection.received().endsWith('\x88\x02\x03\xea'), 'closed with 1002')
    }
  })

  test('§1.1 the server sends text frames, each one JSON document, and reads binary ones the same way', async () => {
    const socket = new WebSocket(control.url)
    const kinds: boolean[] = []
    const texts: string[] = []
    socket.on('message', (data, binary) => {
      kinds.push(binary)
      texts.push(String(data))
    })
    await once(socket, 'message')
    const { nonce } = JSON.parse(texts[0] as string).payload
    const send = (frame: object) => socket.send(Buffer.from(JSON.stringify(frame)), { binary: true })
    send({ type: 'req', id: '1', method: 'connect', params: connectParams(nonce, { device: createDevice(), token: control.token }) })
    await once(socket, 'message')
    send({ type: 'req', id: '2', method: 'last-heartbeat' })
    while (texts.length < 3) await once(socket, 'message')
    assert.ok(kinds.every((binary) => !binary))
    assert.equal(JSON.parse(texts[1] as string).payload.type, 'hello-ok')
    assert.equal(texts[2], '{"type":"res","id":"2","ok":true,"payload":null}')
    socket.terminate()
  })

  test('§1.1 pings of a client are answered, before and after it said who it is', async () => {
    const early = await openWire(control.url)
    early.socket.ping('a')
    assert.equal(String((await once(early.socket, 'pong'))[0]), 'a')
    const late = await connectOperator(control.url, { token: control.token })
    late.socket.ping('b')
    assert.equal(String((await once(late.socket, 'pong'))[0]), 'b')
    await Promise.all([early.close(), late.close()])
  })
})
