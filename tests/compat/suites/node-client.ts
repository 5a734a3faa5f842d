import type { Suite } from '../suite.ts'

export const nodeClientSuite: Suite = { name: 'node-client', purpose: '', software: [], run: async () => {} }
