import type { ServerView } from './server-view.ts'

/** Most words say this while the server does not serve. */
export const NOT_SERVING_TEXT = 'This ZooKeeper instance is not currently serving requests'

/** A four-letter word: what a client may send instead of a connect request, and how it is answered. */
export interface Word {
  /** The four characters, or a description for bytes that are no characters. */
  readonly name: string
  /** The four bytes as a big-endian signed number. */
  readonly code: number
  /** A phrase for the docs page. */
  readonly meaning: string
  /** Bytes that follow the word and belong to it. */
  readonly extraByteCount: number
  /** False for words that are answered whatever the whitelist says. */
  readonly isGuarded: boolean
  /** What is answered while the server does not serve; null if `answer` answers then, too. */
  readonly notServingText: string | null
  /** The whole answer. `extra` holds the bytes that followed the word, perhaps fewer than asked for. */
  answer(view: ServerView, extra: Uint8Array): string
}

interface WordOptions {
  readonly extraByteCount?: number
  readonly notServingText?: string | null
}

/** A word of four ASCII letters, guarded by the whitelist and, unless said otherwise, answered only by a server that serves. */
export function defineWord(name: string, meaning: string, answer: Word['answer'], options: WordOptions = {}): Word {
  const { extraByteCount = 0, notServingText = `${NOT_SERVING_TEXT}\n` } = options
  return { name, code: codeOf(name), meaning, extraByteCount, isGuarded: true, notServingText, answer }
}

function codeOf(name: string): number {
  const byte = (index: number): number => name.charCodeAt(index) & 0xff
  return (byte(0) << 24) | (byte(1) << 16) | (byte(2) << 8) | byte(3)
}
