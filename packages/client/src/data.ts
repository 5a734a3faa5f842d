/** What can be written into a node: bytes, text (as UTF-8), or null, which servers keep apart from no bytes. */
export type DataInput = Uint8Array | string | null

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Text as UTF-8. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text)
}

/** UTF-8 as text. */
export function decodeText(data: Uint8Array): string {
  return decoder.decode(data)
}

/** A value as JSON text in UTF-8. Throws what `JSON.stringify` throws, and a `TypeError` for what has no JSON form. */
export function encodeJson(value: unknown): Uint8Array {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw new TypeError(`a ${typeof value} has no JSON form`)
  return encoder.encode(text)
}

/** The value of JSON text in UTF-8. Throws a `SyntaxError` when it is none. */
export function decodeJson(data: Uint8Array): unknown {
  return JSON.parse(decoder.decode(data))
}
