import { expect, test } from 'vitest'
import { formatHost, parseConnectString } from '../src/connect-string.ts'

test('a connect string has hosts, ports, IPv6 addresses in brackets, and a chroot', () => {
  expect(parseConnectString('a, b:2182,[::1]:2183,[fe80::1]/app/one')).toEqual({
    hosts: [
      { host: 'a', port: 2181 },
      { host: 'b', port: 2182 },
      { host: '::1', port: 2183 },
      { host: 'fe80::1', port: 2181 },
    ],
    chroot: '/app/one',
  })
})

test('a slash alone is no chroot, and empty names between commas are passed over', () => {
  expect(parseConnectString('a,,b,/')).toEqual({ hosts: parseConnectString('a,b').hosts, chroot: '' })
})

test.each([
  ['', /names no server/],
  ['/app', /names no server/],
  ['a:0', /"0" is not a port/],
  ['a:70000', /"70000" is not a port/],
  ['a:x', /"x" is not a port/],
  [':2181', /no host before the port/],
  ['::1', /go in brackets/],
  ['[::1', /no closing bracket/],
  ['[]:1', /nothing between the brackets/],
  ['[::1]2181', /instead of a port/],
  ['a/app/', /chroot is not a valid path/],
  ['a/app//b', /chroot is not a valid path/],
])('"%s" is refused with the reason', (text, reason) => {
  expect(() => parseConnectString(text)).toThrow(reason)
  expect(() => parseConnectString(text)).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENTS', category: 'usage' }))
})

test('hosts are shown as they are written', () => {
  expect(formatHost({ host: '::1', port: 1 })).toBe('[::1]:1')
  expect(formatHost({ host: 'a', port: 2 })).toBe('a:2')
})
