import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseProperties } from '../../src/config/properties-file.ts'
import { formatProperty } from '../../src/config/properties-text.ts'

test.each([
  ['dataDir', '/var/lib/zookeeper', 'dataDir=/var/lib/zookeeper'],
  ['dataDir', 'C:\\data', 'dataDir=C:\\\\data'],
  ['server.1', 'a:1:2:participant;0.0.0.0:2181', 'server.1=a:1:2:participant;0.0.0.0:2181'],
  ['a key', 'x=y # z', 'a\\ key=x=y # z'],
  ['name', 'Ω', 'name=\\u03a9'],
])('%j and %j stand in a file as %j', (key, value, line) => {
  expect(formatProperty(key, value)).toBe(line)
})

test.each(['__proto__', 'constructor', '7'])('the key %s is one like any other', (key) => {
  expect([...parseProperties(Buffer.from(`a=1\n${key}=2\n`, 'latin1'))]).toEqual([
    ['a', '1'],
    [key, '2'],
  ])
})

test('any key and value read back as they were', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' })).map((one) => one.trim())
  fc.assert(
    fc.property(
      text.filter((key) => key !== ''),
      text,
      (key, value) => {
        const bytes = Buffer.from(`# first\n${formatProperty(key, value)}\nlast=1\n`, 'latin1')
        expect([...parseProperties(bytes)]).toContainEqual([key, value])
      },
    ),
    { numRuns: 1000 },
  )
})
