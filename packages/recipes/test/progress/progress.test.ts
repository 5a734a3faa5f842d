import { expect, test } from 'vitest'
import { ProgressBoard, ProgressReporter } from '../../src/index.ts'
import { until, World } from '../support/test-world.ts'

const PATH = '/import'

test('A228: reports of living workers are seen, with the last one of each, and disappear with the worker', async () => {
  await using world = await World.start()
  const [zk, other, observer] = [await world.client(), await world.client(), await world.client()]
  const [first, second] = [new ProgressReporter(zk, PATH, 'a'), new ProgressReporter(other, PATH, 'b')]
  await using board = new ProgressBoard(observer, PATH)
  for (let done = 1; done <= 50; done += 1) first.report({ done, total: 50, message: `file ${done}` })
  second.report({ done: 3 })
  await Promise.all([first.flush(), second.flush()])
  await until(() => board.workers.get('a')?.done === 50 && board.workers.get('b')?.done === 3)
  expect(board.workers.get('a')).toMatchObject({ done: 50, total: 50, message: 'file 50' })
  expect(board.workers.get('b')).toMatchObject({ total: null, message: '' })
  expect(board.workers.get('a')?.reportedMs).toBeGreaterThan(0)
  await other.close()
  await until(() => board.workers.size === 1)
  await first.close()
  await until(() => board.workers.size === 0)
})

test('nodes that are not reports are left out', async () => {
  await using world = await World.start()
  const zk = await world.client()
  await using reporter = new ProgressReporter(zk, PATH, 'a', { done: 1 })
  await reporter.flush()
  await zk.create(`${PATH}/x`, 'hello')
  await zk.create(`${PATH}/y`, '{"done":"much"}')
  await using board = new ProgressBoard(zk, PATH)
  expect([...(await board.ready()).keys()]).toEqual(['a'])
})

test('a report that cannot be made any more is told at flush', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const reporter = new ProgressReporter(zk, PATH, 'a')
  await reporter.flush()
  await world.expire(zk)
  reporter.report({ done: 1 })
  await expect(reporter.flush()).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
})
