import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderConfigurationPage } from '../../../../scripts/generate-configuration-docs.ts'

test('the page docs/configuration.md is what the table of settings generates', () => {
  const page = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8')
  expect(page).toBe(renderConfigurationPage())
})
