import { expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { SERVER_VERSION, VERSION_TEXT } from '../../src/version.ts'

test('the version is that of the package', () => {
  expect(SERVER_VERSION).toBe(packageJson.version)
})

test('the text has the shape that monitors read: up to the first comma or dash, with the time of the build behind', () => {
  expect(VERSION_TEXT).toMatch(/^3\.9\.5-[^,]+, built on \d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC$/)
  expect(VERSION_TEXT.split(/[,-]/)[0]).toBe('3.9.5')
  expect(/^(\d+)\.(\d+)\.(\d+)/.exec(VERSION_TEXT)?.slice(1)).toEqual(['3', '9', '5'])
})
