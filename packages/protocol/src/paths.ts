// Paths of znodes: which are valid, and how they are taken apart. A path is looked at by UTF-16 code
// unit, as every client library does, and the texts of the refusals are the ones that people search for.

const SLASH = 0x2f
const DOT = 0x2e

/**
 * Why a path is not valid, or null when it is. Valid paths begin with `/`, do not end with one (but
 * for the root), have no empty, `.` or `..` component, and none of the characters U+0000 to U+001F,
 * U+007F to U+009F, U+D800 to U+F8FF and U+FFF0 to U+FFFF.
 */
export function validatePath(path: string | null): string | null {
  if (path === null) return 'Path cannot be null'
  if (path.length === 0) return 'Path length must be > 0'
  if (path.charCodeAt(0) !== SLASH) return 'Path must start with / character'
  if (path.length === 1) return null
  if (path.charCodeAt(path.length - 1) === SLASH) return 'Path must not end with / character'

  let componentStart = 1
  for (let i = 1; i <= path.length; i++) {
    const unit = i < path.length ? path.charCodeAt(i) : SLASH
    if (unit === SLASH) {
      if (i === componentStart) return refusal(path, 'empty node name specified', i)
      if (isRelative(path, componentStart, i)) return refusal(path, 'relative paths not allowed', i - 1)
      componentStart = i + 1
    } else if (unit === 0) return refusal(path, 'null character not allowed', i)
    else if (isForbidden(unit)) return refusal(path, 'invalid character', i)
  }
  return null
}

/**
 * Whether `bytes[start, start + length)` is certainly a valid path: printable ASCII, no empty component
 * and none that begins with a dot. False means "decode it and ask `validatePath`".
 */
export function isPlainPathBytes(bytes: Uint8Array, start: number, length: number): boolean {
  if (length === 0 || bytes[start] !== SLASH) return false
  if (length === 1) return true
  const end = start + length
  let isAfterSlash = true
  for (let i = start + 1; i < end; i++) {
    const byte = bytes[i] as number
    if (byte < 0x20 || byte > 0x7e) return false
    if (byte === SLASH) {
      if (isAfterSlash) return false
      isAfterSlash = true
    } else {
      if (isAfterSlash && byte === DOT) return false
      isAfterSlash = false
    }
  }
  return !isAfterSlash
}

/** The path of the node above; the root for the root's children and for the root itself. The path must be valid. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? '/' : path.slice(0, slash)
}

/** The last component; empty for the root. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The path of a child. */
export function childPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`
}

/**
 * The suffix of a sequential node: the counter in ten characters, padded with zeros. The sign of a
 * negative counter is one of the ten; the most negative counters have eleven.
 */
export function formatSequence(counter: number): string {
  return counter < 0 ? `-${String(-counter).padStart(9, '0')}` : String(counter).padStart(10, '0')
}

function isRelative(path: string, start: number, end: number): boolean {
  const length = end - start
  if (length > 2 || path.charCodeAt(start) !== DOT) return false
  return length === 1 || path.charCodeAt(start + 1) === DOT
}

function isForbidden(unit: number): boolean {
  if (unit < 0x7f) return unit < 0x20
  return unit <= 0x9f || (unit >= 0xd800 && unit <= 0xf8ff) || unit >= 0xfff0
}

function refusal(path: string, cause: string, position: number): string {
  return `Invalid path string "${path}" caused by ${cause} @${position}`
}
