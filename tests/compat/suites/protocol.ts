import type { Suite } from '../suite.ts'

export const protocolSuite: Suite = { name: 'protocol', purpose: '', software: [], run: async () => {} }
