import type { Suite } from '../suite.ts'

export const cClientSuite: Suite = { name: 'c-client', purpose: '', software: [], run: async () => {} }
