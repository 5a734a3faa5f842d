import { type ByteReader, type ByteWriter, DecodeError, Op, readMultiHeader, writeMultiHeader } from '@tskeeper/protocol'
import { type ErrorCode, errorCodeOf, errorFromWire, TransactionError } from '../errors.ts'
import type { ReadResult, TransactionResult } from '../results.ts'
import type { Operation, RequestContent } from '../session/request.ts'
import { readStat } from '../stat.ts'
import { readNodeValue, readStrings } from './read-operations.ts'
import { type CreateBody, writeCreate } from './write-operations.ts'

/** A part of a transaction, ready to be written. */
export type TransactionPart = { readonly path: string; readonly serverPath: string } & (
  | { readonly op: typeof Op.create | typeof Op.createContainer | typeof Op.createTTL; readonly create: CreateBody }
  | { readonly op: typeof Op.setData; readonly data: Uint8Array | null; readonly version: number }
  | { readonly op: typeof Op.delete | typeof Op.check; readonly version: number }
)

/** A part of a multiRead. */
export interface ReadPart {
  readonly path: string
  readonly serverPath: string
  readonly op: typeof Op.getData | typeof Op.getChildren
}

const RESULT_TYPES: Readonly<Record<TransactionPart['op'], TransactionResult['type']>> = {
  [Op.create]: 'create',
  [Op.createContainer]: 'create',
  [Op.createTTL]: 'create',
  [Op.setData]: 'set',
  [Op.delete]: 'delete',
  [Op.check]: 'check',
}

const RUNTIME_INCONSISTENCY = -2
const END = -1

/** multi; created paths are the server's */
export const multi: Operation<readonly TransactionPart[], TransactionResult[]> = {
  op: Op.multi,
  name: 'multi',
  isWrite: true,
  watchPlace: null,
  resultIfMissing: undefined,
  encode: (out, { body }) => {
    for (const part of body) {
      writeMultiHeader(out, { type: part.op, done: false, err: -1 })
      writePart(out, part)
    }
    writeMultiHeader(out, { type: END, done: true, err: END })
  },
  decode: readTransaction,
}

/** multiRead */
export const multiRead: Operation<readonly ReadPart[], ReadResult[]> = {
  op: Op.multiRead,
  name: 'multiRead',
  isWrite: false,
  watchPlace: null,
  resultIfMissing: undefined,
  encode: (out, { body }) => {
    for (const part of body) {
      writeMultiHeader(out, { type: part.op, done: false, err: -1 })
      out.writeString(part.serverPath)
      out.writeBoolean(false)
    }
    writeMultiHeader(out, { type: END, done: true, err: END })
  },
  decode: (input, { body }) => {
    const results: ReadResult[] = []
    for (let header = readMultiHeader(input); !header.done; header = readMultiHeader(input)) {
      const part = partOf(body, results.length, input)
      if (header.type !== part.op && header.type !== Op.error) throw misplaced(header.type, input)
      results.push(readReadResult(input, header.type, part))
    }
    checkCount(body, results.length, input)
    return results
  },
}

function writePart(out: ByteWriter, part: TransactionPart): void {
  switch (part.op) {
    case Op.setData:
      out.writeString(part.serverPath)
      out.writeBuffer(part.data)
      out.writeInt(part.version)
      return
    case Op.delete:
    case Op.check:
      out.writeString(part.serverPath)
      out.writeInt(part.version)
      return
    default:
      writeCreate(out, part.serverPath, part.create)
  }
}

function readTransaction(input: ByteReader, request: RequestContent<readonly TransactionPart[]>): TransactionResult[] {
  const results: TransactionResult[] = []
  const wireCodes: number[] = []
  for (let header = readMultiHeader(input); !header.done; header = readMultiHeader(input)) {
    const part = partOf(request.body, results.length + wireCodes.length, input)
    if (header.type === Op.error) {
      wireCodes.push(input.readInt())
      continue
    }
    const result = readResult(input, header.type)
    if (result.type !== RESULT_TYPES[part.op]) throw misplaced(header.type, input)
    results.push(result)
  }
  checkCount(request.body, results.length + wireCodes.length, input)
  if (wireCodes.length > 0) throw transactionError(wireCodes, request.body)
  return results
}

/** The part that the result number `index` is of. */
function partOf<Part>(parts: readonly Part[], index: number, input: ByteReader): Part {
  const part = parts[index]
  if (part === undefined) throw new DecodeError(`more results than the ${parts.length} parts of a multi`, input.position)
  return part
}

function checkCount(parts: readonly unknown[], count: number, input: ByteReader): void {
  if (count !== parts.length) throw new DecodeError(`${count} results for the ${parts.length} parts of a multi`, input.position)
}

function misplaced(op: number, input: ByteReader): DecodeError {
  return new DecodeError(`a result of type ${op} for another part of a multi`, input.position)
}

function readResult(input: ByteReader, op: number): TransactionResult {
  switch (op) {
    case Op.create:
      return { type: 'create', path: input.readString() ?? '', stat: null }
    case Op.create2:
    case Op.createContainer:
    case Op.createTTL:
      return { type: 'create', path: input.readString() ?? '', stat: readStat(input) }
    case Op.setData:
      return { type: 'set', stat: readStat(input) }
    case Op.delete:
      return { type: 'delete' }
    case Op.check:
      return { type: 'check' }
    default:
      throw new DecodeError(`a result of type ${op} in a multi`, input.position)
  }
}

/** Parts before the one that failed report 0 and parts after it that they were not tried. */
function transactionError(wireCodes: readonly number[], parts: readonly TransactionPart[]): TransactionError {
  const tried = wireCodes.findIndex((code) => code !== 0 && code !== RUNTIME_INCONSISTENCY)
  const failedIndex =
    tried >= 0
      ? tried
      : Math.max(
          0,
          wireCodes.findIndex((code) => code !== 0),
        )
  const wireCode = wireCodes[failedIndex] ?? RUNTIME_INCONSISTENCY
  const path = parts[failedIndex]?.path ?? null
  const reason = errorFromWire(wireCode, `part ${failedIndex} of the transaction,`, path)
  const partCodes = wireCodes.map((code): ErrorCode | 'OK' => errorCodeOf(code))
  return new TransactionError(
    reason.code,
    `${reason.message}; nothing of it was carried out`,
    { path, wireCode },
    failedIndex,
    partCodes,
  )
}

function readReadResult(input: ByteReader, op: number, part: ReadPart): ReadResult {
  switch (op) {
    case Op.getData:
      return { type: 'get', value: readNodeValue(input) }
    case Op.getChildren:
      return { type: 'children', children: readStrings(input) }
    case Op.error:
      return { type: 'error', error: errorFromWire(input.readInt(), 'multiRead', part.path) }
    default:
      throw new DecodeError(`a result of type ${op} in a multiRead`, input.position)
  }
}
