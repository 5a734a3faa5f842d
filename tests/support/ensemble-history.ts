// What clients of an ensemble asked and were told, and the judgement whether one correct service could have answered so.
//
// Every write that is acknowledged comes with its zxid, so the order that the ensemble claims is known and need not be searched
// for. That order must respect real time and each session's order; each read must show the newest write of its node that its own
// reply's zxid covers. Writes without an answer may or may not have happened: they excuse what could come from them and nothing else.

import type { DumpedNode } from './tree.ts'

export type LoadKind = 'set' | 'create' | 'delete' | 'read' | 'sync-read'

/** One request. A multi of a create and a set is recorded as two of these with one zxid. */
export interface LoadOperation {
  /** Number of the session, from 0; another one when a session was lost. */
  readonly session: number
  readonly kind: LoadKind
  readonly path: string
  /** What was written; of a read, what was seen, and null until then. */
  value: string | null
  readonly sentMs: number
  /** NaN while the answer is out, and for ever if the connection went first. */
  doneMs: number
  /** 'refused': an error was answered, so it did not happen. */
  outcome: 'unknown' | 'done' | 'refused'
  /** The transaction's zxid; of a read, that of its reply. */
  zxid: number
  /** Zxid of the last change of the node's data that a read saw. */
  mzxid: number
  /** Version of the data after a set. */
  version: number
}

const VIOLATIONS_MAX = 20

export class EnsembleHistory {
  readonly operations: LoadOperation[] = []
  sessionCount = 0
  /** Sessions that a server did not know any more. */
  sessionsLost = 0
  acknowledgedWrites = 0
  longestGapMs = 0
  #lastSuccessMs = Number.NaN

  record(session: number, kind: LoadKind, path: string, value: string | null): LoadOperation {
    const operation: LoadOperation = {
      session,
      kind,
      path,
      value,
      sentMs: performance.now(),
      doneMs: Number.NaN,
      outcome: 'unknown',
      zxid: 0,
      mzxid: 0,
      version: 0,
    }
    this.operations.push(operation)
    return operation
  }

  acknowledged(operation: LoadOperation, zxid: number): void {
    const nowMs = performance.now()
    operation.outcome = 'done'
    operation.zxid = zxid
    operation.doneMs = nowMs
    if (!isWrite(operation)) return
    this.acknowledgedWrites++
    if (!Number.isNaN(this.#lastSuccessMs)) this.longestGapMs = Math.max(this.longestGapMs, nowMs - this.#lastSuccessMs)
    this.#lastSuccessMs = nowMs
  }

  /** From here on gaps are measured anew. */
  restartGap(): void {
    this.longestGapMs = 0
    this.#lastSuccessMs = performance.now()
  }
}

export interface Verdict {
  /** What no correct service does; the first of many. */
  readonly violations: readonly string[]
  readonly acknowledged: number
  /** Acknowledged writes that are not there. */
  readonly lost: number
  readonly unknown: number
  readonly unknownPresent: number
  readonly readsChecked: number
}

export interface JudgeOptions {
  /**
   * How long a leader may serve that has been replaced and cannot know it yet: until then it, and those that still follow it, answer a
   * sync with what they have. 0 unless said otherwise.
   */
  readonly replacedLeaderMs?: number
}

/** Judges a history with the tree at the end. `root` holds the nodes of the load and no others. */
export function judgeHistory(
  history: EnsembleHistory,
  root: string,
  tree: readonly DumpedNode[],
  options: JudgeOptions = {},
): Verdict {
  const judge = new Judge(history, options.replacedLeaderMs ?? 0)
  judge.judgeOrder()
  judge.judgeVersions()
  const readsChecked = judge.judgeReads()
  const lost = judge.judgeEnd(root, tree)
  return {
    violations: judge.violations,
    acknowledged: judge.writes.length,
    lost,
    unknown: judge.unknown.length,
    unknownPresent: judge.unknownPresent,
    readsChecked,
  }
}

class Judge {
  readonly violations: string[] = []
  /** Acknowledged writes by zxid. */
  readonly writes: readonly LoadOperation[]
  readonly unknown: readonly LoadOperation[]
  unknownPresent = 0
  readonly #history: EnsembleHistory
  readonly #replacedLeaderMs: number
  readonly #writesByPath: ReadonlyMap<string, LoadOperation[]>
  readonly #unknownByPath: ReadonlyMap<string, LoadOperation[]>

  constructor(history: EnsembleHistory, replacedLeaderMs: number) {
    this.#history = history
    this.#replacedLeaderMs = replacedLeaderMs
    const writes = history.operations.filter(isWrite)
    this.writes = writes.filter(({ outcome }) => outcome === 'done').sort((a, b) => a.zxid - b.zxid)
    this.unknown = writes.filter(({ outcome }) => outcome === 'unknown')
    this.#writesByPath = groupByPath(this.writes)
    this.#unknownByPath = groupByPath(this.unknown)
  }

  #violated(text: string): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push(text)
  }

  /** Zxids respect the order of each session and real time, and none is given twice. */
  judgeOrder(): void {
    const lastOfSession = new Map<number, LoadOperation>()
    for (const operation of this.#history.operations) {
      if (operation.outcome !== 'done') continue
      const last = lastOfSession.get(operation.session)
      if (last !== undefined && operation.zxid < last.zxid) {
        this.#violated(`the session goes back: ${textOf(operation)} was answered after ${textOf(last)}`)
      }
      lastOfSession.set(operation.session, operation)
    }
    let earliest: LoadOperation | null = null
    for (const operation of this.writes.toReversed()) {
      if (earliest !== null && earliest.zxid > operation.zxid && earliest.doneMs < operation.sentMs) {
        this.#violated(`${textOf(earliest)} was answered before ${textOf(operation)} was sent, and stands behind it`)
      }
      if (earliest !== null && earliest.zxid === operation.zxid && earliest.session !== operation.session) {
        this.#violated(`one zxid for two: ${textOf(earliest)} and ${textOf(operation)}`)
      }
      if (earliest === null || operation.doneMs < earliest.doneMs) earliest = operation
    }
  }

  /** Each set raises its node's version by one; only sets without an answer may stand between. */
  judgeVersions(): void {
    for (const [path, writes] of this.#writesByPath) {
      const sets = writes.filter(({ kind }) => kind === 'set')
      const spare = (this.#unknownByPath.get(path) ?? []).filter(({ kind }) => kind === 'set').length
      let missing = 0
      for (const [index, set] of sets.entries()) {
        const step = set.version - (sets[index - 1]?.version ?? 0)
        if (step < 1) this.#violated(`the version of ${path} does not rise with ${textOf(set)}`)
        missing += step - 1
      }
      if (missing > spare) this.#violated(`${path} was set ${missing} times that nobody asked for (${spare} without an answer)`)
    }
  }

  /** A read shows the newest write that its reply covers; one after a sync covers everything acknowledged before the sync. */
  judgeReads(): number {
    let checked = 0
    const byTime = this.writes.toSorted((a, b) => a.doneMs - b.doneMs)
    const highestByTime: number[] = []
    for (const write of byTime) highestByTime.push(Math.max(highestByTime.at(-1) ?? 0, write.zxid))
    for (const read of this.#history.operations) {
      if (isWrite(read) || read.outcome !== 'done') continue
      checked++
      this.#judgeRead(read)
      if (read.kind !== 'sync-read') continue
      const before = countBelow(byTime, (write) => write.doneMs < read.sentMs)
      const required = highestByTime[before - 1] ?? 0
      if (read.zxid >= required || this.#isFromReplacedLeader(read)) continue
      this.#violated(`${textOf(read)} came after a sync and misses 0x${required.toString(16)}`)
    }
    return checked
  }

  /** Was the first write of a later leader acknowledged so shortly before the read was sent that the old one may not know of it? */
  #isFromReplacedLeader(read: LoadOperation): boolean {
    const later = this.writes.slice(countBelow(this.writes, ({ zxid }) => epochOf(zxid) <= epochOf(read.zxid)))
    const replacedMs = later.reduce((earliest, { doneMs }) => Math.min(earliest, doneMs), Number.POSITIVE_INFINITY)
    return replacedMs < read.sentMs && read.sentMs < replacedMs + this.#replacedLeaderMs
  }

  #judgeRead(read: LoadOperation): void {
    const writes = (this.#writesByPath.get(read.path) ?? []).filter(({ kind }) => kind === 'set')
    const covered = countBelow(writes, (write) => write.zxid <= read.zxid)
    const newest = writes[covered - 1]
    if (newest !== undefined && read.mzxid < newest.zxid) this.#violated(`${textOf(read)} does not show ${textOf(newest)}`)
    if (read.mzxid > read.zxid) this.#violated(`${textOf(read)} shows what its zxid does not cover`)
    const candidate = writes[countBelow(writes, ({ zxid }) => zxid < read.mzxid)]
    const shown = candidate?.zxid === read.mzxid ? candidate : undefined
    if (shown === undefined) this.#judgeUnknownValue(read.path, read.value, textOf(read))
    else if (shown.value !== read.value) this.#violated(`${textOf(read)} shows another value than ${textOf(shown)}`)
  }

  /** The empty value is what every node of the load is created with. */
  #judgeUnknownValue(path: string, value: string | null, what: string): void {
    if (value === null || value === '') return
    const isAsked = (this.#unknownByPath.get(path) ?? []).some((write) => write.value === value)
    if (!isAsked) this.#violated(`${what} shows a value that no write without an answer explains: ${value}`)
  }

  /** What is there at the end is what was acknowledged, and what was without an answer at most. Returns how many writes are lost. */
  judgeEnd(root: string, tree: readonly DumpedNode[]): number {
    let lost = 0
    const nodes = new Map(tree.filter(({ path }) => path.startsWith(`${root}/`)).map((node) => [node.path, node]))
    for (const [path, writes] of this.#writesByPath) {
      if (isLost(writes, this.#unknownByPath.get(path) ?? [], nodes.get(path))) {
        lost++
        this.#violated(`lost: ${textOf(writes.at(-1) ?? writes[0])}; the node at the end: ${nodeText(nodes.get(path))}`)
      }
    }
    for (const node of nodes.values()) this.#judgeNode(node)
    for (const { path, kind, value } of this.unknown) {
      const node = nodes.get(path)
      if (kind === 'delete' ? node === undefined : node !== undefined && (kind === 'create' || dataText(node) === value)) {
        this.unknownPresent++
      }
    }
    return lost
  }

  #judgeNode(node: DumpedNode): void {
    const asked = [...(this.#writesByPath.get(node.path) ?? []), ...(this.#unknownByPath.get(node.path) ?? [])]
    if (asked.length === 0) {
      // The nodes that the load was prepared with are nobody's in particular.
      if (node.stat.version > 0) this.#violated(`nobody asked for ${nodeText(node)}`)
      return
    }
    const shown = asked.some(({ value }) => (value ?? '') === dataText(node))
    if (!shown && dataText(node) !== '') this.#violated(`nobody wrote what ${nodeText(node)} holds`)
  }
}

/** Is the last acknowledged change of a node not there, with no write without an answer that could have come after it? */
function isLost(writes: readonly LoadOperation[], unknown: readonly LoadOperation[], node: DumpedNode | undefined): boolean {
  const last = writes.at(-1)
  if (last === undefined) return false
  if (last.kind === 'delete') return node !== undefined && !unknown.some(({ kind }) => kind === 'create')
  if (node === undefined) return !unknown.some(({ kind }) => kind === 'delete')
  if (node.stat.mzxid < last.zxid) return true
  if (node.stat.mzxid === last.zxid) return dataText(node) !== (last.value ?? '')
  return !unknown.some(({ value }) => (value ?? '') === dataText(node))
}

/** Of the leader that made the transaction: the upper 32 bits of its zxid. */
function epochOf(zxid: number): number {
  return Math.floor(zxid / 2 ** 32)
}

function isWrite({ kind }: LoadOperation): boolean {
  return kind !== 'read' && kind !== 'sync-read'
}

function groupByPath(operations: readonly LoadOperation[]): Map<string, LoadOperation[]> {
  const groups = new Map<string, LoadOperation[]>()
  for (const operation of operations) {
    const group = groups.get(operation.path)
    if (group === undefined) groups.set(operation.path, [operation])
    else group.push(operation)
  }
  return groups
}

/** How many elements at the start satisfy `isBelow`; those that do stand before those that do not. */
function countBelow<T>(sorted: readonly T[], isBelow: (element: T) => boolean): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const element = sorted[middle]
    if (element !== undefined && isBelow(element)) low = middle + 1
    else high = middle
  }
  return low
}

function dataText(node: DumpedNode): string {
  return node.data === null ? '' : Buffer.from(node.data, 'hex').toString('utf8')
}

function nodeText(node: DumpedNode | undefined): string {
  return node === undefined ? 'none' : `${node.path}=${dataText(node)} (mzxid 0x${node.stat.mzxid.toString(16)})`
}

function textOf(operation: LoadOperation | undefined): string {
  if (operation === undefined) return 'nothing'
  const { session, kind, path, value, zxid, mzxid } = operation
  const seen = isWrite(operation) ? '' : ` of 0x${mzxid.toString(16)}`
  return `${kind} ${path} "${value}"${seen} by session ${session} at 0x${zxid.toString(16)}`
}
