import { defineConfig } from 'vitest/config'

const conditions = ['@tskeeper/source', 'node', 'import', 'default']

// Sources are imported directly (through the "@tskeeper/source" condition): tests need no build.
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'tests/unit/**/*.test.ts', 'tests/integration/**/*.test.ts'],
    pool: 'threads',
    // Many of the tests wait for processes of their own: a core that is kept free, as is usual, would be idle.
    maxWorkers: '100%',
    // No test is decided by time. This only ends one that hangs.
    testTimeout: 60_000,
  },
})
