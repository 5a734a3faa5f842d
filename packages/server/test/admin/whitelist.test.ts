import { expect, test } from 'vitest'
import { Whitelist } from '../../src/admin/whitelist.ts'

test('A199: without a setting only srvr is allowed', () => {
  const whitelist = new Whitelist(null, false)
  expect(whitelist.allows('srvr')).toBe(true)
  for (const name of ['ruok', 'stat', 'mntr', 'conf', 'isro', 'wchp', 'reqs']) expect(whitelist.allows(name)).toBe(false)
})

test('isro is allowed without being listed when the server may serve read-only', () => {
  const whitelist = new Whitelist(null, true)
  expect(whitelist.allows('isro')).toBe(true)
  expect(whitelist.allows('ruok')).toBe(false)
})

test('listed words are allowed, with blanks around them and unknown words between them', () => {
  const whitelist = new Whitelist(' stat, ruok ,nope,conf', false)
  for (const name of ['stat', 'ruok', 'conf', 'srvr']) expect(whitelist.allows(name)).toBe(true)
  for (const name of ['mntr', 'STAT', '']) expect(whitelist.allows(name), name).toBe(false)
})

test.each(['*', ' * ', 'stat, *,dump '])('a star anywhere in the list allows every word: "%s"', (setting) => {
  const whitelist = new Whitelist(setting, false)
  for (const name of ['stat', 'wchp', 'reqs', 'stmk']) expect(whitelist.allows(name)).toBe(true)
})

test('an empty setting allows srvr and nothing else', () => {
  const whitelist = new Whitelist('', false)
  expect(whitelist.allows('srvr')).toBe(true)
  expect(whitelist.allows('stat')).toBe(false)
  expect(whitelist.allows('')).toBe(false)
})
