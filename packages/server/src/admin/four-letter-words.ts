// Four-letter words: a client sends four bytes instead of a connect request, reads a text and the connection is closed.
// They are how people and scripts have always looked at such a server: `echo ruok | nc 127.0.0.1 2181`.
//
// The first four bytes of a connection are normally the length of its first frame. Read as a length, each word is
// far larger than any frame may be, so the two cannot be confused.

import type { ServerView } from './server-view.ts'
import type { Word } from './word.ts'
import { conf } from './words/conf.ts'
import { cons } from './words/cons.ts'
import { dirs } from './words/dirs.ts'
import { dump } from './words/dump.ts'
import { envi } from './words/envi.ts'
import { hash } from './words/hash.ts'
import { isro } from './words/isro.ts'
import { mntr } from './words/mntr.ts'
import { reqs } from './words/reqs.ts'
import { crst, srst } from './words/resets.ts'
import { ruok } from './words/ruok.ts'
import { srvr, stat } from './words/srvr.ts'
import { telnetClose } from './words/telnet-close.ts'
import { gtmk, stmk } from './words/trace-mask.ts'
import { wchc, wchp, wchs } from './words/watches.ts'

/** All words, in alphabetical order. */
export const WORDS: readonly Word[] = [
  conf,
  cons,
  crst,
  dirs,
  dump,
  envi,
  gtmk,
  hash,
  isro,
  mntr,
  reqs,
  ruok,
  srst,
  srvr,
  stat,
  stmk,
  wchc,
  wchp,
  wchs,
  telnetClose,
]

const wordsByCode: ReadonlyMap<number, Word> = new Map(WORDS.map((word) => [word.code, word]))

/** The word that the first four bytes of a connection are, read as a big-endian number; null if they are a length. */
export function lookupWord(int32: number): Word | null {
  return wordsByCode.get(int32 | 0) ?? null
}

/**
 * How many bytes after the word belong to it and must have come before it can be answered. Zero for a word that will
 * be refused. If the client ends its side before, the word is answered with what came.
 */
export function extraByteCount(word: Word, view: ServerView): number {
  return isAllowed(word, view) ? word.extraByteCount : 0
}

/**
 * The whole text of the answer, after which the connection is closed. It is empty if the client is owed nothing.
 * The caller counts one packet received before, and one packet sent after it has written the answer.
 */
export function answer(word: Word, view: ServerView, extra: Uint8Array): string {
  if (!isAllowed(word, view)) return view.whitelist.refusalText(word.name)
  if (view.servingState === 'not serving' && word.notServingText !== null) return word.notServingText
  return word.answer(view, extra)
}

function isAllowed(word: Word, view: ServerView): boolean {
  return !word.isGuarded || view.whitelist.allows(word.name)
}
