// A multi: several changes that happen together or not at all. Its parts are prepared one behind the other, each sees what those
// before it did, and when one fails the pending view goes back to where it was.

import { type ByteReader, type ByteWriter, CreateMode, ErrorCode, isCreateMode, isTtlMode, Op } from '@tskeeper/protocol/server'
import { readAclList, skipOpenAcl } from './acl-bytes.ts'
import type { ChangePreparer } from './change-preparer.ts'
import { countMultiParts } from './multi-layout.ts'

/** Prepares multis, whose parts `changes` prepares. */
export class MultiPreparer {
  private readonly changes: ChangePreparer
  /** Which parts of the last multi were create2, null if none was: they are logged as create, and their answers carry a Stat. */
  create2Parts: number[] | null = null

  constructor(changes: ChangePreparer) {
    this.changes = changes
  }

  /** Reads a multi's request record and writes that of its transaction, in which a part that fails is an error, and those behind it are, too. */
  write(input: ByteReader, out: ByteWriter): number {
    const { changes } = this
    const begin = input.position
    const partCount = countMultiParts(input)
    if (partCount < 0) return ErrorCode.MARSHALLING_ERROR
    input.position = begin
    this.create2Parts = null
    out.writeInt(partCount)
    changes.view.beginMulti()
    let hasFailed = false
    for (let i = 0; i < partCount; i++) {
      if (hasFailed) writeErrorPart(out, ErrorCode.RUNTIME_INCONSISTENCY)
      else hasFailed = !this.preparePart(i, input, out)
    }
    if (hasFailed) changes.view.undoMulti()
    else changes.view.endMulti()
    if (hasFailed) changes.hints.clear()
    return ErrorCode.OK
  }

  /** Writes one part: int type, then its record as a buffer. False if it failed and an error stands in its place. */
  private preparePart(index: number, input: ByteReader, out: ByteWriter): boolean {
    const { changes } = this
    const op = input.readInt()
    input.readBoolean()
    input.readInt()
    const start = out.position
    const recordStart = start + 8
    out.ensure(8)
    out.position = recordStart
    let type = op
    let code: number
    if (op === Op.delete) code = changes.writeDelete(input, out)
    else if (op === Op.setData) code = changes.writeSetData(input, out)
    else if (op === Op.check) code = changes.writeCheck(input, out)
    else {
      type = typeOfCreatePart(op, input)
      if (op === Op.create2) this.noteCreate2(index)
      code = changes.writeCreate(op, type, input, out)
    }
    if (code !== ErrorCode.OK) {
      out.position = start
      writeErrorPart(out, code)
      return false
    }
    out.view.setInt32(start, type)
    out.view.setInt32(start + 4, out.position - recordStart)
    return true
  }

  private noteCreate2(index: number): void {
    this.create2Parts ??= []
    this.create2Parts.push(index)
  }
}

/**
 * In a multi the flags say which kind of node it is: a container, or none with a TTL, whatever the part's own type says. And a create2 is
 * logged as create: Apache's server 3.8 does so, too, and cannot replay a multi with a part of another type.
 */
function typeOfCreatePart(op: number, input: ByteReader): number {
  const begin = input.position
  input.readSlice()
  input.readSlice()
  if (!skipOpenAcl(input)) readAclList(input)
  const flags = input.readInt()
  input.position = begin
  if (flags === CreateMode.container) return Op.createContainer
  if (op === Op.create2) return Op.create
  return op === Op.createTTL && isCreateMode(flags) && !isTtlMode(flags) ? Op.create : op
}

function writeErrorPart(out: ByteWriter, code: number): void {
  out.writeInt(Op.error)
  out.writeInt(4)
  out.writeInt(code)
}
