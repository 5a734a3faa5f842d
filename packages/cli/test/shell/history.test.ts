import { expect, test } from 'vitest'
import { History } from '../../src/shell/history.ts'

function historyOf(...lines: string[]): History {
  const history = new History()
  for (const line of lines) history.add(line)
  return history
}

const isRedo = (line: string): boolean => line.startsWith('redo')

test('A183: the last eleven lines are shown, the one that asks included', () => {
  const lines = Array.from({ length: 14 }, (_, index) => `get /${index}`)
  const history = historyOf(...lines, 'history')
  const recent = history.recent().map(({ number, line }) => `${number} - ${line}`)
  expect(recent).toHaveLength(11)
  expect(recent[0]).toBe('4 - get /4')
  expect(recent[10]).toBe('14 - history')
})

test('A168: numbers begin with 0 and rise with each line', () => {
  const history = historyOf()
  expect(history.count).toBe(0)
  history.add('ls /')
  expect(history.count).toBe(1)
})

test('A190: a line that is run again takes the place of the redo', () => {
  const history = historyOf('get /a', 'redo 0')
  expect(history.redo(0, isRedo)).toBe('get /a')
  expect(history.recent().map(({ line }) => line)).toEqual(['get /a', 'get /a'])
})

test.each([[1], [2], [-1], [99]])('A190: number %i, which is not before the redo itself, is out of range', (index) => {
  expect(() => historyOf('get /a', 'redo').redo(index, isRedo)).toThrow('Command index out of range')
})

test('A190: a redo is not run again', () => {
  expect(() => historyOf('redo 7', 'redo 0').redo(0, isRedo)).toThrow('No redoing redos')
})
