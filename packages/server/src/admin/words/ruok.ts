import { defineWord, type Word } from '../word.ts'

/** `imok`, without a line end: the process lives. It says nothing of whether it serves. */
export const ruok: Word = defineWord('ruok', 'is the process alive: `imok`', () => 'imok', { notServingText: null })
