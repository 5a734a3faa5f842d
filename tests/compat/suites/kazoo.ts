import type { Suite } from '../suite.ts'

export const kazooSuite: Suite = { name: 'kazoo', purpose: '', software: [], run: async () => {} }
