import { defineWord, type Word } from '../word.ts'

/** `rw`, `ro` or `null` (not serving), without a line end. Clients that may read only look for a server with it. */
export const isro: Word = defineWord(
  'isro',
  'may clients write: `rw`, `ro`, or `null` while not serving',
  (view) => (view.servingState === 'read-only' ? 'ro' : 'rw'),
  { notServingText: 'null' },
)
