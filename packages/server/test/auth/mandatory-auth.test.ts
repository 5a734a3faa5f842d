import { expect, test } from 'vitest'
import { MandatoryAuth } from '../../src/auth/mandatory-auth.ts'

const ip = { scheme: 'ip', id: '127.0.0.1' }
const digest = { scheme: 'digest', id: 'u:h' }

test('usually nothing is asked of a client', () => {
  const mandatory = new MandatoryAuth([])
  expect(mandatory.isEnforced).toBe(false)
  expect(mandatory.isSatisfied([])).toBe(true)
})

test('one identity of one of the schemes is enough', () => {
  const mandatory = new MandatoryAuth(['sasl', 'digest'])
  expect(mandatory.isEnforced).toBe(true)
  expect(mandatory.isSatisfied([ip])).toBe(false)
  expect(mandatory.isSatisfied([ip, digest])).toBe(true)
})
