import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'

/** Reads a vector whose elements take at least `elementSizeMin` bytes each; null is count -1. */
export function readVector<T>(input: ByteReader, elementSizeMin: number, readElement: (input: ByteReader) => T): T[] | null {
  const count = input.readCount(elementSizeMin)
  if (count < 0) return null
  const elements: T[] = []
  for (let i = 0; i < count; i++) elements.push(readElement(input))
  return elements
}

/** Writes a vector; null is count -1. */
export function writeVector<T>(
  out: ByteWriter,
  elements: readonly T[] | null,
  writeElement: (out: ByteWriter, element: T) => void,
): void {
  if (elements === null) {
    out.writeInt(-1)
    return
  }
  out.writeInt(elements.length)
  for (const element of elements) writeElement(out, element)
}

/** Reads a string that is never null here: null reads as ''. */
export function readText(input: ByteReader): string {
  return input.readString() ?? ''
}

/** Reads a string; the form of `ByteReader.readString` that `readVector` takes. */
export function readUstring(input: ByteReader): string | null {
  return input.readString()
}

/** Writes a string; the form of `ByteWriter.writeString` that `writeVector` takes. */
export function writeUstring(out: ByteWriter, text: string | null): void {
  out.writeString(text)
}
