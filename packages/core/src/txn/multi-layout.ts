import { type ByteReader, DecodeError, isCreateMode, isTtlMode, Op } from '@tskeeper/protocol/server'
import { ACL_BYTES_MIN } from './acl-bytes.ts'

/**
 * Walks over a multi's parts, from `input.position` to its end header, and returns how many there are; -1 if the multi as a
 * whole cannot be understood: a part of a kind that has no place in it, a null where there must be a value, flags that
 * no create has. Throws `DecodeError` when the bytes run out.
 */
export function countMultiParts(input: ByteReader): number {
  for (let count = 0; ; count++) {
    const type = input.readInt()
    const isDone = input.readBoolean()
    input.readInt()
    if (isDone) return count
    if (!skipPart(type, input)) return -1
  }
}

/**
 * Which of the multi's parts, beginning with 0, ask for a create2; null if none does, or if the multi cannot be read. The log does not
 * tell: there they are creates. Leaves `input` where it was.
 */
export function create2PartsOf(input: ByteReader): readonly number[] | null {
  const begin = input.position
  try {
    return findCreate2Parts(input)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return null
  } finally {
    input.position = begin
  }
}

function findCreate2Parts(input: ByteReader): readonly number[] | null {
  let found: number[] | null = null
  for (let index = 0; ; index++) {
    const type = input.readInt()
    const isDone = input.readBoolean()
    input.readInt()
    if (isDone) return found
    if (!skipPart(type, input)) return null
    if (type !== Op.create2) continue
    found ??= []
    found.push(index)
  }
}

function skipPart(type: number, input: ByteReader): boolean {
  if (input.readSlice() < 0) return false
  switch (type) {
    case Op.create:
    case Op.create2:
    case Op.createContainer:
      return skipCreate(input, false)
    case Op.createTTL:
      return skipCreate(input, true)
    case Op.delete:
    case Op.check:
      input.readInt()
      return true
    case Op.setData:
      input.readSlice()
      input.readInt()
      return true
    default:
      return false
  }
}

function skipCreate(input: ByteReader, hasTtl: boolean): boolean {
  input.readSlice()
  const aclCount = input.readCount(ACL_BYTES_MIN)
  if (aclCount < 0) return false
  for (let i = 0; i < aclCount; i++) {
    input.readInt()
    input.readSlice()
    input.readSlice()
  }
  const flags = input.readInt()
  if (hasTtl) input.readLong()
  // Those of a createTTL are looked at with the part itself: it alone fails.
  return hasTtl || (isCreateMode(flags) && !isTtlMode(flags))
}
