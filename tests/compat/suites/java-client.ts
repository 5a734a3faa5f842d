import type { Suite } from '../suite.ts'

export const javaClientSuite: Suite = { name: 'java-client', purpose: '', software: [], run: async () => {} }
