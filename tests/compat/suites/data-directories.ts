import type { Suite } from '../suite.ts'

export const dataDirectoriesSuite: Suite = { name: 'data-directories', purpose: '', software: [], run: async () => {} }
