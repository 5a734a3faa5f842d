import { DecodeError, Op } from '@tskeeper/protocol/server'

const HEADER_SIZE = 32
const TYPE_OFFSET = 28

/**
 * The type in the transaction `bytes[start, end)`, or in one of its parts, that this release cannot apply; null if it knows all of them.
 * Throws `DecodeError` for a multi whose parts do not fit into it.
 */
export function unknownTypeOf(bytes: Uint8Array, start: number, end: number): number | null {
  const type = readInt(bytes, start + TYPE_OFFSET)
  if (type === Op.multi) return unknownPartOf(bytes, start + HEADER_SIZE, end)
  const isKnown = isPartType(type) || type === Op.createSession || type === Op.closeSession || type === Op.error
  return isKnown ? null : type
}

/** The parts of a multi, from `at` on: int count, then for each int type, int length, its record. */
function unknownPartOf(bytes: Uint8Array, at: number, end: number): number | null {
  if (end - at < 4) throw new DecodeError('a multi without the number of its parts', at)
  let place = at + 4
  for (let left = readInt(bytes, at); left > 0; left--) {
    const length = end - place < 8 ? -1 : readInt(bytes, place + 4)
    if (length < 0 || length > end - place - 8) throw new DecodeError('a multi that ends inside of a part', place)
    const type = readInt(bytes, place)
    if (!isPartType(type) && type !== Op.error) return type
    place += 8 + length
  }
  return null
}

function isPartType(type: number): boolean {
  switch (type) {
    case Op.create:
    case Op.create2:
    case Op.createContainer:
    case Op.createTTL:
    case Op.delete:
    case Op.deleteContainer:
    case Op.setData:
    case Op.reconfig:
    case Op.setACL:
    case Op.check:
      return true
    default:
      return false
  }
}

function readInt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
}
