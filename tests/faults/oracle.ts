// Decides whether a server kept its word. Input: the history of what clients asked and were told,
// and the transaction log as it lies on the disk. Two steps:
//
//   1. `judgeLog`: everything acknowledged is in the log with the outcome that was told, everything in
//      the log was asked for, the requests of one connection are there in order and without a hole,
//      zxids are consecutive, and no reply ever showed a zxid that the disk does not have.
//   2. `compareTree`: the tree that the restarted server shows is the tree that follows from those
//      writes, in each byte of data and each field of each Stat.
//
// Every violation is one sentence; an empty list is a pass.

import type { RawStat } from '../support/raw-records.ts'
import { type History, type RecordedRead, type RecordedWrite, writeKey } from './history.ts'
import { type LogEntry, type LogFile, TransactionType } from './transaction-log.ts'
import { type Outcome, TreeModel } from './tree-model.ts'

/** More sentences than this tell nothing new. */
const VIOLATIONS_MAX = 12

export interface Judgement {
  readonly violations: readonly string[]
  /** What the tree must be. */
  readonly model: TreeModel
  readonly lastZxid: number
  /** Of the last entry that changed the tree. */
  readonly treeZxid: number
  readonly entries: number
  readonly acknowledged: number
  /** Writes that were never answered, and how many of them are in the log. */
  readonly unknown: number
  readonly unknownPresent: number
  readonly readsChecked: number
}

export function judgeLog(history: History, files: readonly LogFile[]): Judgement {
  const judge = new Judge(history)
  for (const file of files) for (const entry of file.entries) judge.take(entry)
  return judge.finish()
}

/** The end of the last log entry that some reply may have shown: a crash may tear what comes after it, and nothing before. */
export function lastShownEntry(history: History, files: readonly LogFile[]): LogEntry | null {
  let last: LogEntry | null = null
  for (const file of files) for (const entry of file.entries) if (entry.zxid <= history.zxidSeen) last = entry
  return last
}

class Judge {
  readonly #history: History
  readonly #model = new TreeModel()
  readonly #violations: string[] = []
  readonly #present = new Set<string>()
  /** Per connection, the number of the last request that the log has. */
  readonly #lastOfConnection = new Map<number, number>()
  readonly #reads: readonly RecordedRead[]
  #readIndex = 0
  #lastZxid = 0
  #treeZxid = 0
  #entries = 0
  #unknownSessions = new Set<bigint>()

  constructor(history: History) {
    this.#history = history
    this.#reads = [...history.reads].sort((left, right) => left.zxid - right.zxid)
  }

  take(entry: LogEntry): void {
    if (entry.zxid !== this.#lastZxid + 1) this.#complain(`zxid ${entry.zxid} follows ${this.#lastZxid} in ${entry.file}`)
    this.#checkReads(entry.zxid)
    this.#lastZxid = entry.zxid
    this.#entries++
    if (entry.type === TransactionType.createSession) this.#openSession(entry)
    else if (entry.type === TransactionType.closeSession) this.#closeSession(entry)
    else this.#applyWrite(entry)
  }

  finish(): Judgement {
    this.#checkReads(Number.POSITIVE_INFINITY)
    const { zxidSeen, writes, closes, sessions } = this.#history
    if (zxidSeen > this.#lastZxid) this.#complain(`a reply showed zxid ${zxidSeen}, the log ends at ${this.#lastZxid}`)
    let acknowledged = 0
    let unknown = 0
    let unknownPresent = 0
    for (const [key, write] of writes) {
      const isPresent = this.#present.has(key)
      if (write.outcome === null) {
        unknown++
        if (isPresent) unknownPresent++
        continue
      }
      acknowledged++
      if (!isPresent) this.#complain(`LOST: ${describe(write)} was acknowledged at zxid ${write.replyZxid} and is not in the log`)
    }
    for (const [key, close] of closes) {
      if (close.isAcknowledged && !this.#present.has(key)) this.#complain(`LOST: the close of session ${hex(close.sessionId)}`)
    }
    const unannounced = this.#history.connectsSent - sessions.size - this.#history.observers.size
    if (this.#unknownSessions.size > unannounced) {
      this.#complain(`the log opens ${this.#unknownSessions.size} unknown sessions, ${unannounced} connects were unanswered`)
    }
    return {
      violations: this.#violations,
      model: this.#model,
      lastZxid: this.#lastZxid,
      treeZxid: this.#treeZxid,
      entries: this.#entries,
      acknowledged,
      unknown,
      unknownPresent,
      readsChecked: this.#readIndex,
    }
  }

  #openSession(entry: LogEntry): void {
    if (this.#history.sessions.has(entry.sessionId)) this.#model.sessions.add(entry.sessionId)
    else if (!this.#history.observers.has(entry.sessionId)) this.#unknownSessions.add(entry.sessionId)
  }

  #closeSession(entry: LogEntry): void {
    const key = writeKey(entry.sessionId, entry.cxid)
    this.#present.add(key)
    // A session that ran out is closed by the server itself, with request number 0.
    const isAsked = entry.cxid === 0 || this.#history.closes.has(key) || this.#history.observers.has(entry.sessionId)
    if (!isAsked) this.#complain(`the log closes session ${hex(entry.sessionId)} unasked`)
    this.#unknownSessions.delete(entry.sessionId)
    if (this.#model.ephemerals(entry.sessionId).length > 0) this.#treeZxid = entry.zxid
    this.#model.closeSession(entry.sessionId, entry.zxid)
  }

  #applyWrite(entry: LogEntry): void {
    const key = writeKey(entry.sessionId, entry.cxid)
    const write = this.#history.writes.get(key)
    if (write === undefined) {
      this.#complain(`INVENTED: zxid ${entry.zxid} (type ${entry.type}) is of request ${key}, which nobody sent`)
      return
    }
    if (this.#present.has(key)) this.#complain(`TWICE: ${describe(write)} is in the log again at zxid ${entry.zxid}`)
    this.#present.add(key)
    this.#checkOrder(write)
    const outcome = this.#model.apply(write.operation, write.sessionId, entry.zxid, entry.timeMs)
    if (outcome.error === 0) this.#treeZxid = entry.zxid
    if (outcome.error !== entry.error) {
      this.#complain(`${describe(write)} at zxid ${entry.zxid} must end with ${outcome.error}, the log says ${entry.error}`)
    }
    if (write.outcome !== null) this.#checkReply(write, outcome, entry.zxid)
  }

  /** The requests that reached the log from one connection are all that were sent before the last of them. */
  #checkOrder(write: RecordedWrite): void {
    const last = this.#lastOfConnection.get(write.connection) ?? 0
    if (write.cxid <= last) this.#complain(`${describe(write)} comes after request ${last} of its connection`)
    for (let cxid = last + 1; cxid < write.cxid; cxid++) {
      const key = writeKey(write.sessionId, cxid)
      const skipped = this.#history.writes.get(key)
      if (skipped?.connection === write.connection && !this.#present.has(key)) {
        this.#complain(`HOLE: ${describe(write)} is in the log, ${describe(skipped)} before it is not`)
      }
    }
    this.#lastOfConnection.set(write.connection, Math.max(last, write.cxid))
  }

  #checkReply(write: RecordedWrite, expected: Outcome, zxid: number): void {
    if (write.replyZxid < zxid) this.#complain(`${describe(write)} has zxid ${zxid}, its reply said ${write.replyZxid}`)
    const told = write.outcome
    if (told === null) return
    const difference = compareOutcome(told, expected, write.operation.kind)
    if (difference !== null) this.#complain(`${describe(write)} at zxid ${zxid} was told ${difference}`)
  }

  /** Compares the reads that showed a state before `zxid` with that state. */
  #checkReads(zxid: number): void {
    for (; this.#readIndex < this.#reads.length; this.#readIndex++) {
      const read = this.#reads[this.#readIndex]
      if (read === undefined || read.zxid >= zxid) return
      const difference = compareNode(this.#model, read.path, read.error, read.data, read.stat)
      if (difference !== null) this.#complain(`a read of ${read.path} at zxid ${read.zxid} showed ${difference}`)
    }
  }

  #complain(sentence: string): void {
    if (this.#violations.length < VIOLATIONS_MAX) this.#violations.push(sentence)
  }
}

/** What a server shows of one node. */
export interface ShownNode {
  readonly path: string
  readonly data: Uint8Array | null
  readonly stat: RawStat
  readonly acl: string
  readonly children: readonly string[]
}

export function compareTree(model: TreeModel, shown: ReadonlyMap<string, ShownNode>): string[] {
  const violations: string[] = []
  for (const path of model.paths()) {
    const node = shown.get(path)
    if (node === undefined) {
      violations.push(`MISSING after the restart: ${path}`)
      continue
    }
    const difference = compareNode(model, path, 0, node.data, node.stat)
    if (difference !== null) violations.push(`${path} after the restart has ${difference}`)
    if (node.acl !== JSON.stringify(model.acl(path))) violations.push(`${path} after the restart has the ACL ${node.acl}`)
    const children = [...node.children].sort().join()
    if (children !== model.children(path).join()) violations.push(`${path} after the restart has the children ${children}`)
  }
  for (const path of shown.keys()) if (!model.has(path)) violations.push(`INVENTED after the restart: ${path}`)
  return violations.slice(0, VIOLATIONS_MAX)
}

function compareNode(
  model: TreeModel,
  path: string,
  error: number,
  data: Uint8Array | null,
  stat: RawStat | null,
): string | null {
  if (!model.has(path)) return error === -101 ? null : `error ${error} where no node is`
  if (error !== 0 || stat === null) return `error ${error}`
  return compareStat(stat, model.stat(path)) ?? compareData(data, model.data(path))
}

function compareOutcome(told: Outcome, expected: Outcome, kind: string): string | null {
  if (told.error !== expected.error) return `error ${told.error} instead of ${expected.error}`
  if (kind === 'multi') {
    if (told.parts.length !== expected.parts.length) return `${told.parts.length} results`
    for (const [index, part] of expected.parts.entries()) {
      const difference = compareOutcome(told.parts[index] ?? expected, part, 'part')
      if (difference !== null) return `in part ${index} ${difference}`
    }
    return null
  }
  if (told.path !== expected.path && kind === 'create') return `path ${told.path} instead of ${expected.path}`
  if (told.stat !== null && expected.stat !== null) return compareStat(told.stat, expected.stat)
  return null
}

function compareStat(shown: RawStat, expected: RawStat): string | null {
  const differences: string[] = []
  for (const field of Object.keys(expected) as (keyof RawStat)[]) {
    if (shown[field] !== expected[field]) differences.push(`${field} ${shown[field]} instead of ${expected[field]}`)
  }
  return differences.length === 0 ? null : differences.join(', ')
}

function compareData(shown: Uint8Array | null, expected: Uint8Array | null): string | null {
  if (shown === null || expected === null)
    return shown === expected ? null : `${shown === null ? 'no data' : 'data'} instead of ${expected === null ? 'none' : 'some'}`
  return Buffer.compare(shown, expected) === 0 ? null : `other data (${shown.length} bytes instead of ${expected.length})`
}

function describe(write: RecordedWrite): string {
  const { operation } = write
  const what = operation.kind === 'multi' ? `multi of ${operation.parts.length}` : `${operation.kind} ${operation.path}`
  return `${what} (session ${hex(write.sessionId)}, request ${write.cxid})`
}

function hex(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16)}`
}
