import { expect, test } from 'vitest'
import { ServerLife } from '../src/server-life.ts'

function turns(count: number): Promise<void> {
  return new Promise((resolve) => {
    const next = (left: number): void => {
      if (left === 0) resolve()
      else setImmediate(() => next(left - 1))
    }
    next(count)
  })
}

test('what happens in a pause is told afterwards, in its order and before what comes later', async () => {
  const life = new ServerLife()
  const told: string[] = []
  life.pause()
  for (const name of ['a', 'b', 'c']) life.tell(() => told.push(name))
  await turns(3)
  expect(told).toEqual([])
  life.resume()
  life.tell(() => told.push('d'))
  await turns(6)
  expect(told).toEqual(['a', 'b', 'c', 'd'])
  life.tell(() => told.push('e'))
  expect(told).toEqual(['a', 'b', 'c', 'd', 'e'])
})

test('a pause in the midst of catching up holds the rest', async () => {
  const life = new ServerLife()
  const told: string[] = []
  life.pause()
  life.tell(() => {
    told.push('a')
    life.pause()
  })
  life.tell(() => told.push('b'))
  life.resume()
  await turns(5)
  expect(told).toEqual(['a'])
  life.resume()
  await turns(5)
  expect(told).toEqual(['a', 'b'])
})

test('a life that is over is told of nothing, and what it held on to is taken back', async () => {
  const life = new ServerLife()
  const told: string[] = []
  life.own({ held: (isHeld) => told.push(`held ${isHeld}`), lost: () => told.push('lost') })
  life.pause()
  life.tell(() => told.push('waiting'))
  life.end()
  life.tell(() => told.push('later'))
  life.resume()
  await turns(3)
  expect(told).toEqual(['held true', 'lost'])
  expect(() => life.checkAlive()).toThrow('killed')
})

test('who joins a life that is over is lost at once', () => {
  const life = new ServerLife()
  life.end()
  let isLost = false
  life.own({
    held: () => {},
    lost: () => {
      isLost = true
    },
  })
  expect(isLost).toBe(true)
})
