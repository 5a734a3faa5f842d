// Reads the format of Java's properties files: one `key=value` a line, with `:` or blanks allowed in place
// of `=`, comments at the start of a line only, continued lines and backslash escapes. The last line of
// several with the same key counts. The bytes are ISO-8859-1, whatever the system's own encoding is.

import { ConfigError } from '@tskeeper/core'
import { Properties } from 'properties-file/parser'

/** Keys and values, trimmed, in the order in which the keys first occur. */
export function parseProperties(bytes: Uint8Array): Map<string, string> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  const properties = new Map<string, string>()
  for (const { key, value } of read(text)) properties.set(key.trim(), value.trim())
  return properties
}

/** The lines in their order: an object of keys would lose `__proto__`, and put numbers first. */
function read(text: string): readonly { readonly key: string; readonly value: string }[] {
  try {
    return new Properties(text).getProperties()
  } catch (cause) {
    // The library throws for one reason only.
    throw new ConfigError(
      'Malformed \\uxxxx encoding.',
      'after a backslash, u stands for a character and is followed by four hexadecimal digits; write \\\\ for a backslash itself',
      { cause },
    )
  }
}
