import { channel } from 'node:diagnostics_channel'
import { expect, test } from 'vitest'
import { nodeRuntime, ZooKeeper } from '../../src/index.ts'
import { VirtualWorld } from '../virtual-world.ts'

test('requests are published on diagnostics_channel from their start to their end, while somebody listens', async () => {
  const { tracing } = nodeRuntime()
  expect(tracing?.isEnabled).toBe(false)
  const messages: unknown[] = []
  const listen = (message: unknown): void => void messages.push(message)
  const names = ['tskeeper:client:request:start', 'tskeeper:client:request:end']
  for (const name of names) channel(name).subscribe(listen)
  const world = new VirtualWorld()
  const client = new ZooKeeper('a:2181', { runtime: { ...world.runtime, ...(tracing === undefined ? {} : { tracing }) } })
  const read = client.get('/a')
  await client.close()
  await expect(read).rejects.toMatchObject({ code: 'CLOSED' })
  for (const name of names) channel(name).unsubscribe(listen)
  const request = { operation: 'getData', path: '/a', sessionId: 0n, server: null }
  expect(messages).toMatchObject([{ request }, { request, error: { code: 'CLOSED' } }])
  expect(tracing?.isEnabled).toBe(false)
})

test('an address is its own address, and a name has one', async () => {
  const { resolver } = nodeRuntime()
  const lookUp = (host: string): Promise<readonly string[]> =>
    new Promise((resolve, reject) => {
      resolver.resolve(host, (error, addresses) => (error === null ? resolve(addresses) : reject(error)))
    })
  expect(await lookUp('::1')).toEqual(['::1'])
  const addresses = await lookUp('localhost')
  expect(addresses.some((address) => address === '127.0.0.1' || address === '::1')).toBe(true)
})

test('a timer for longer than the platform can count does not go off at once', async () => {
  const { timers } = nodeRuntime()
  let isOver = false
  const far = timers.after(2 ** 40, () => {
    isOver = true
  })
  await new Promise<void>((resolve) => void timers.after(5, resolve))
  far.cancel()
  expect(isOver).toBe(false)
})
