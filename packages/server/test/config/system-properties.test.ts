import { expect, test } from 'vitest'
import { parseLaunchArguments } from '../../src/config/system-properties.ts'

test('properties come from the environment and from the arguments, the later ones winning', () => {
  const environment = { SERVER_JVMFLAGS: '-Xmx512m -Da=1 -Db=1 -Dc=1', JVMFLAGS: '-Db=2 -Dc=2' }
  const launch = parseLaunchArguments(['-Dc=3', 'zoo.cfg'], environment)
  expect(launch.properties).toEqual(
    new Map([
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ]),
  )
  expect(launch.rest).toEqual(['zoo.cfg'])
})

test('options of the virtual machine that are no properties are ignored', () => {
  const launch = parseLaunchArguments([], { JVMFLAGS: '-Xms1g -XX:+UseG1GC\n -Djava.net.preferIPv4Stack=true  -D ' })
  expect(launch.properties).toEqual(new Map([['java.net.preferIPv4Stack', 'true']]))
})

test('a property may have an empty value, and one with an equals sign', () => {
  const launch = parseLaunchArguments(['-Dempty', '-Dnone=', '-Dsuper=super:abc='], {})
  expect(Object.fromEntries(launch.properties)).toEqual({ empty: '', none: '', super: 'super:abc=' })
})

test('quotes that a script put around a value inside the variable are taken off', () => {
  const launch = parseLaunchArguments([], { JVMFLAGS: `-Da="x" -Db='y' -Dc="` })
  expect(Object.fromEntries(launch.properties)).toEqual({ a: 'x', b: 'y', c: '"' })
})
