import { vi } from 'vitest'

// How fast the machine is must not decide a test.
vi.setConfig({ testTimeout: 60_000 })

export * from './world.ts'
