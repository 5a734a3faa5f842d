import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderMonitoringPage } from '../../../../scripts/generate-monitoring-docs.ts'
import { METRICS } from '../../src/metrics/metric-table.ts'

const page = new URL('../../../../docs/monitoring.md', import.meta.url)

test('the page about monitoring is what the tables of words and metrics say', () => {
  expect(readFileSync(page, 'utf8')).toBe(renderMonitoringPage())
})

test('every metric stands on the page once', () => {
  const rendered = renderMonitoringPage()
  for (const { name } of METRICS) expect(rendered.split(`\n| \`${name}\` |`), name).toHaveLength(2)
})
