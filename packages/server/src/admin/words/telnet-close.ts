import type { Word } from '../word.ts'

/** What telnet sends when its user breaks the connection off: answered with nothing but the end of the connection. */
export const telnetClose: Word = {
  name: 'telnet close',
  code: 0xfff4fffd | 0,
  meaning: 'the bytes ff f4 ff fd with which telnet breaks off: the connection is closed',
  extraByteCount: 0,
  isGuarded: false,
  notServingText: null,
  answer: () => '',
}
