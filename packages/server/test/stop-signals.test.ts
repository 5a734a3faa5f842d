import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { StopSignals } from '../src/stop-signals.ts'

function makeSignals() {
  const source = new EventEmitter()
  const events: string[] = []
  const signals = new StopSignals(source, (code) => events.push(`exit ${code}`))
  return { source, signals, events, onStop: (signal: string): unknown => events.push(`stop for ${signal}`) }
}

test('before there is a server a signal ends the process with success', () => {
  const { source, events } = makeSignals()
  source.emit('SIGTERM')
  expect(events).toEqual(['exit 0'])
})

test('the first signal asks the server to stop, the second one ends the process', () => {
  const { source, signals, events, onStop } = makeSignals()
  signals.onFirst(onStop)
  source.emit('SIGTERM')
  source.emit('SIGINT')
  expect(events).toEqual(['stop for SIGTERM', 'exit 130'])
})

test('the exit code of the second signal names that signal', () => {
  const { source, signals, events, onStop } = makeSignals()
  signals.onFirst(onStop)
  source.emit('SIGINT')
  source.emit('SIGTERM')
  expect(events).toEqual(['stop for SIGINT', 'exit 143'])
})
