import { bareHexText } from '../hex-text.ts'
import { defineWord, NOT_SERVING_TEXT, type Word } from '../word.ts'

/**
 * Digests of the tree, one for each zxid that is a multiple of 128, newest last. Servers of one ensemble must agree
 * on every line.
 * ```
 * 80: 10970780714
 * ```
 */
export const hash: Word = defineWord(
  'hash',
  'digests of the tree by zxid, to compare servers',
  (view) => Array.from(view.digestHistory(), ({ zxid, digest }) => `${bareHexText(zxid)}: ${digest}\n`).join(''),
  { notServingText: NOT_SERVING_TEXT },
)
