import { Op } from '@tskeeper/protocol'
import { expect, test } from 'vitest'
import { decodeText, encodeText, type SaslMechanism } from '../../src/portable.ts'
import { outcomeOf, VirtualWorld } from '../virtual-world.ts'

/** Says a word, wants one back, says another. */
const passwords: SaslMechanism = {
  start: () => encodeText('hello'),
  step: (token) => {
    const text = decodeText(token)
    if (text === 'lies') throw new Error('the server does not know the secret')
    return text === 'who?' ? encodeText('me') : null
  },
}

test('the exchange is complete before anything else is sent, and repeated on each connection', async () => {
  const world = new VirtualWorld()
  const server = world.server('a:2181')
  const client = world.client('a:2181', { sasl: passwords, auth: [{ scheme: 'digest', auth: 'u:p' }] })
  void outcomeOf(client.get('/a'))
  await world.run(10)
  expect(client.state).toBe('connecting')
  const [first] = server.last.requests(Op.sasl)
  expect(decodeText(first?.body.readBuffer() ?? new Uint8Array(0))).toBe('hello')
  server.last.reply(first ?? fail(), 1n, (out) => out.writeBuffer(encodeText('who?')))
  await world.settle()
  const second = server.last.requests(Op.sasl)[1]
  expect(decodeText(second?.body.readBuffer() ?? new Uint8Array(0))).toBe('me')
  server.last.reply(second ?? fail(), 1n, (out) => out.writeBuffer(null))
  await world.settle()
  expect(client.state).toBe('connected')
  expect(server.last.received.map(({ op }) => op)).toEqual([Op.sasl, Op.sasl, Op.auth, Op.getData])
  server.last.breakOff()
  await world.run(1_000)
  expect(server.last.requests(Op.sasl)).toHaveLength(1)
})

test('a server that cannot prove itself, or that refuses, ends the client', async () => {
  for (const answer of ['lies', 'refusal']) {
    const world = new VirtualWorld()
    const server = world.server('a:2181')
    const client = world.client('a:2181', { sasl: passwords })
    const connected = outcomeOf(client.connect())
    await world.run(10)
    const token = server.last.request(Op.sasl)
    if (answer === 'refusal') server.last.refuse(token, -115)
    else server.last.reply(token, 1n, (out) => out.writeBuffer(encodeText('lies')))
    await world.run(10)
    expect(client.state).toBe('auth-failed')
    expect(connected.error).toBeDefined()
  }
})

function fail(): never {
  throw new Error('the request did not come')
}
