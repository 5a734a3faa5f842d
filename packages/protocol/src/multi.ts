// The bodies of multi and multiRead: a list of parts, each behind a MultiHeader, ended by a header
// that says `done`.
//
//   request    { MultiHeader(op, false, -1)   the operation's request }*   MultiHeader(-1, true, -1)
//   reply      { MultiHeader(op, false, 0)    the operation's response
//              | MultiHeader(-1, false, err)  ErrorResponse }*             MultiHeader(-1, true, -1)

import { type ByteReader, DecodeError } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { isCreateMode, isTtlMode } from './constants.ts'
import { readMultiHeader, writeMultiHeader } from './generated/connection-records.ts'
import {
  type CheckVersionRequest,
  type CreateRequest,
  type CreateTtlRequest,
  type DeleteRequest,
  type GetChildrenRequest,
  type GetDataRequest,
  readCheckVersionRequest,
  readCreateRequest,
  readCreateTtlRequest,
  readDeleteRequest,
  readGetChildrenRequest,
  readGetDataRequest,
  readSetDataRequest,
  type SetDataRequest,
  writeCheckVersionRequest,
  writeCreateRequest,
  writeCreateTtlRequest,
  writeDeleteRequest,
  writeGetChildrenRequest,
  writeGetDataRequest,
  writeSetDataRequest,
} from './generated/request-records.ts'
import {
  type Create2Response,
  type CreateResponse,
  type ErrorResponse,
  type GetChildrenResponse,
  type GetDataResponse,
  readCreate2Response,
  readCreateResponse,
  readErrorResponse,
  readGetChildrenResponse,
  readGetDataResponse,
  readSetDataResponse,
  type SetDataResponse,
  writeCreate2Response,
  writeCreateResponse,
  writeErrorResponse,
  writeGetChildrenResponse,
  writeGetDataResponse,
  writeSetDataResponse,
} from './generated/response-records.ts'
import { Op } from './opcodes.ts'

/** One part of a multi or multiRead request. */
export type MultiPart =
  | { readonly op: typeof Op.create | typeof Op.create2 | typeof Op.createContainer; readonly request: CreateRequest }
  | { readonly op: typeof Op.createTTL; readonly request: CreateTtlRequest }
  | { readonly op: typeof Op.delete; readonly request: DeleteRequest }
  | { readonly op: typeof Op.setData; readonly request: SetDataRequest }
  | { readonly op: typeof Op.check; readonly request: CheckVersionRequest }
  | { readonly op: typeof Op.getData; readonly request: GetDataRequest }
  | { readonly op: typeof Op.getChildren; readonly request: GetChildrenRequest }

/** The result of one part. `Op.error` is a part that failed, or one that was not tried because another failed. */
export type MultiResult =
  | { readonly op: typeof Op.create; readonly response: CreateResponse }
  | { readonly op: typeof Op.create2; readonly response: Create2Response }
  | { readonly op: typeof Op.delete | typeof Op.check }
  | { readonly op: typeof Op.setData; readonly response: SetDataResponse }
  | { readonly op: typeof Op.getData; readonly response: GetDataResponse }
  | { readonly op: typeof Op.getChildren; readonly response: GetChildrenResponse }
  | { readonly op: typeof Op.error; readonly response: ErrorResponse }

/** What the header that ends a list holds as type and error. */
const END = -1

/** Writes the body of a multi or multiRead request. */
export function writeMultiRequest(out: ByteWriter, parts: readonly MultiPart[]): void {
  for (const part of parts) {
    writeMultiHeader(out, { type: part.op, done: false, err: -1 })
    writePart(out, part)
  }
  writeEnd(out)
}

/**
 * Reads the body of a `multi` or `multiRead` request. A part that such a request may not have, a null
 * path, a create without an access control list or with an impossible mode make the whole of it
 * malformed, as in the reference: then a `DecodeError` is thrown.
 */
export function readMultiRequest(input: ByteReader, op: typeof Op.multi | typeof Op.multiRead): MultiPart[] {
  const parts: MultiPart[] = []
  for (;;) {
    const at = input.position
    const header = readMultiHeader(input)
    if (header.done) return parts
    if (isReadOp(header.type) !== (op === Op.multiRead)) throw new DecodeError(`a part of type ${header.type} in this multi`, at)
    const part = readPart(input, header.type, at)
    checkPart(part, at)
    parts.push(part)
  }
}

/** Writes the body of a reply to multi or multiRead. */
export function writeMultiResponse(out: ByteWriter, results: readonly MultiResult[]): void {
  for (const result of results) {
    writeMultiHeader(out, { type: result.op, done: false, err: result.op === Op.error ? result.response.err : 0 })
    writeResult(out, result)
  }
  writeEnd(out)
}

/** Reads the body of a reply to multi or multiRead. */
export function readMultiResponse(input: ByteReader): MultiResult[] {
  const results: MultiResult[] = []
  for (;;) {
    const at = input.position
    const header = readMultiHeader(input)
    if (header.done) return results
    results.push(readResult(input, header.type, at))
  }
}

function writeEnd(out: ByteWriter): void {
  writeMultiHeader(out, { type: END, done: true, err: END })
}

function isReadOp(op: number): boolean {
  return op === Op.getData || op === Op.getChildren
}

function writePart(out: ByteWriter, part: MultiPart): void {
  switch (part.op) {
    case Op.create:
    case Op.create2:
    case Op.createContainer:
      return writeCreateRequest(out, part.request)
    case Op.createTTL:
      return writeCreateTtlRequest(out, part.request)
    case Op.delete:
      return writeDeleteRequest(out, part.request)
    case Op.setData:
      return writeSetDataRequest(out, part.request)
    case Op.check:
      return writeCheckVersionRequest(out, part.request)
    case Op.getData:
      return writeGetDataRequest(out, part.request)
    case Op.getChildren:
      return writeGetChildrenRequest(out, part.request)
  }
}

function readPart(input: ByteReader, op: number, at: number): MultiPart {
  switch (op) {
    case Op.create:
    case Op.create2:
    case Op.createContainer:
      return { op, request: readCreateRequest(input) }
    case Op.createTTL:
      return { op, request: readCreateTtlRequest(input) }
    case Op.delete:
      return { op, request: readDeleteRequest(input) }
    case Op.setData:
      return { op, request: readSetDataRequest(input) }
    case Op.check:
      return { op, request: readCheckVersionRequest(input) }
    case Op.getData:
      return { op, request: readGetDataRequest(input) }
    case Op.getChildren:
      return { op, request: readGetChildrenRequest(input) }
    default:
      throw new DecodeError(`a part of type ${op} in a multi`, at)
  }
}

function checkPart(part: MultiPart, at: number): void {
  if (part.request.path === null) throw new DecodeError('a part without a path in a multi', at)
  if (!('flags' in part.request)) return
  const { flags, acl } = part.request
  // A TTL mode needs the TTL that only createTTL brings; with wrong flags that part fails by itself.
  const isPossible = part.op === Op.createTTL || (isCreateMode(flags) && !isTtlMode(flags))
  if (!isPossible) throw new DecodeError(`a create with the flags ${flags} in a multi`, at)
  if (acl === null) throw new DecodeError('a create without an access control list in a multi', at)
}

function writeResult(out: ByteWriter, result: MultiResult): void {
  switch (result.op) {
    case Op.create:
      return writeCreateResponse(out, result.response)
    case Op.create2:
      return writeCreate2Response(out, result.response)
    case Op.delete:
    case Op.check:
      return
    case Op.setData:
      return writeSetDataResponse(out, result.response)
    case Op.getData:
      return writeGetDataResponse(out, result.response)
    case Op.getChildren:
      return writeGetChildrenResponse(out, result.response)
    case Op.error:
      return writeErrorResponse(out, result.response)
  }
}

function readResult(input: ByteReader, op: number, at: number): MultiResult {
  switch (op) {
    case Op.create:
      return { op, response: readCreateResponse(input) }
    case Op.create2:
      return { op, response: readCreate2Response(input) }
    case Op.delete:
    case Op.check:
      return { op }
    case Op.setData:
      return { op, response: readSetDataResponse(input) }
    case Op.getData:
      return { op, response: readGetDataResponse(input) }
    case Op.getChildren:
      return { op, response: readGetChildrenResponse(input) }
    case Op.error:
      return { op, response: readErrorResponse(input) }
    default:
      throw new DecodeError(`a result of type ${op} in a multi`, at)
  }
}
