// Requests that would make ephemeral nodes, for sessions that cannot own any.

import {
  type ByteReader,
  type ByteWriter,
  DecodeError,
  ErrorCode,
  isCreateMode,
  isEphemeralMode,
  type MultiResult,
  Op,
  readCreateRequest,
  readMultiRequest,
  writeMultiResponse,
} from '@tskeeper/protocol/server'

/** Would the request, at whose record `input` is, make an ephemeral node? One that cannot be read would not. */
export function makesEphemeral(op: number, input: ByteReader): boolean {
  if (op !== Op.create && op !== Op.create2 && op !== Op.multi) return false
  try {
    if (op === Op.multi) return firstEphemeralPart(input) >= 0
    return isEphemeral(readCreateRequest(input).flags)
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}

/** Writes the body of the refusal of such a request, and returns the code of its header. */
export function refuseEphemeral(op: number, input: ByteReader, out: ByteWriter): number {
  if (op !== Op.multi) return ErrorCode.EPHEMERAL_ON_LOCAL_SESSION
  const start = input.position
  const refused = firstEphemeralPart(input)
  input.position = start
  const results = readMultiRequest(input, Op.multi).map((_, index): MultiResult => {
    if (index < refused) return { op: Op.error, response: { err: ErrorCode.OK } }
    return {
      op: Op.error,
      response: { err: index === refused ? ErrorCode.EPHEMERAL_ON_LOCAL_SESSION : ErrorCode.RUNTIME_INCONSISTENCY },
    }
  })
  writeMultiResponse(out, results)
  return ErrorCode.OK
}

function firstEphemeralPart(input: ByteReader): number {
  return readMultiRequest(input, Op.multi).findIndex(
    (part) => (part.op === Op.create || part.op === Op.create2) && isEphemeral(part.request.flags),
  )
}

function isEphemeral(flags: number): boolean {
  return isCreateMode(flags) && isEphemeralMode(flags)
}
