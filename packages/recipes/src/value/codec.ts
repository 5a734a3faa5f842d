import { decodeJson, decodeText, encodeJson, encodeText } from '@tskeeper/client'

/** How a value is kept in a node. */
export interface Codec<T> {
  encode(value: T): Uint8Array
  /** Throws when the bytes are not such a value. */
  decode(data: Uint8Array): T
}

/** Text as UTF-8. */
export const textCodec: Codec<string> = { encode: encodeText, decode: decodeText }

/** A whole number as decimal text, of any size: the layout of kazoo's Counter and of most people's scripts. An empty node is 0. */
export const integerCodec: Codec<bigint> = {
  encode: (value) => encodeText(String(value)),
  decode: (data) => {
    const text = decodeText(data).trim()
    if (!/^(?:[-+]?\d+)?$/.test(text)) throw new TypeError(`"${text}" is not a whole number`)
    return BigInt(text.replace('+', ''))
  },
}

/** JSON in UTF-8. `check` gets what was read and gives it back as a `T`, or throws: others can write to the node, too. */
export function jsonCodec<T>(check: (value: unknown) => T): Codec<T> {
  return { encode: encodeJson, decode: (data) => check(decodeJson(data)) }
}
