// Deletes containers that have lost their last child and TTL nodes past their time: looks now and then, and sends a
// delete through the pipeline for each, at a measured pace. The pipeline checks again whether the node is childless.

import { type Database, NodeField } from '@tskeeper/core'
import { ownerTtlMs, utf8Bytes } from '@tskeeper/protocol/server'
import type { Logger } from '../logger.ts'
import type { Clock, TimerHandle, Timers } from '../runtime/runtime.ts'

/** Where the reaper's deletes go: a pipeline that decides writes. */
export interface ContainerDeletions {
  /** `mzxid`: only if the node is still the one that had its last change then. */
  submitDeleteContainer(path: Uint8Array, mzxid: number, timeMs: number, arrivedMs: number): void
}

export interface ContainerReaperParts {
  readonly database: Database
  readonly writes: ContainerDeletions
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
  readonly checkIntervalMs: number
  readonly maxPerMinute: number
  /** How long a container that never had a child is kept; 0: for good. */
  readonly neverUsedIntervalMs: number
}

/** A node that could go when it was looked at. */
interface Candidate {
  readonly node: number
  readonly path: string
  readonly mzxid: number
}

const MINUTE_MS = 60_000

export class ContainerReaper {
  private readonly parts: ContainerReaperParts
  private timer: TimerHandle | null = null
  /** Paths that this pass still has to delete, the next one last. */
  private due: Candidate[] = []
  private passStartedMs = 0

  constructor(parts: ContainerReaperParts) {
    this.parts = parts
  }

  start(): void {
    this.timer = this.parts.timers.after(this.parts.checkIntervalMs, () => this.pass())
  }

  stop(): void {
    this.timer?.cancel()
    this.due = []
  }

  private pass(): void {
    this.passStartedMs = this.parts.clock.monotonicMs()
    this.due = this.candidates().reverse()
    this.deleteNext()
  }

  private deleteNext(): void {
    const { clock, timers, writes, logger, checkIntervalMs, maxPerMinute } = this.parts
    const candidate = this.nextDue()
    if (candidate === null) {
      const restMs = checkIntervalMs - (clock.monotonicMs() - this.passStartedMs)
      this.timer = timers.after(Math.max(restMs, 0), () => this.pass())
      return
    }
    const { path, mzxid } = candidate
    logger.info(`Attempting to delete candidate container: ${path}`)
    writes.submitDeleteContainer(utf8Bytes(path), mzxid, clock.nowMs(), clock.monotonicMs())
    this.timer = timers.after(MINUTE_MS / Math.max(maxPerMinute, 1), () => this.deleteNext())
  }

  /** The next one that can still go: since the pass began it may have been used, changed or deleted. */
  private nextDue(): Candidate | null {
    const { tree } = this.parts.database
    const nowMs = this.parts.clock.nowMs()
    for (let candidate = this.due.pop(); candidate !== undefined; candidate = this.due.pop()) {
      const { node, mzxid } = candidate
      const isKnown = tree.containers.has(node) || tree.ttlNodes.has(node)
      if (isKnown && tree.nodes.getNumber(node, NodeField.MZXID) === mzxid && this.isDue(node, nowMs)) return candidate
    }
    return null
  }

  /** Nodes that could go now. */
  private candidates(): Candidate[] {
    const { tree } = this.parts.database
    const nowMs = this.parts.clock.nowMs()
    const found: Candidate[] = []
    for (const node of [...tree.containers, ...tree.ttlNodes]) {
      if (!this.isDue(node, nowMs)) continue
      found.push({ node, path: tree.path(node), mzxid: tree.nodes.getNumber(node, NodeField.MZXID) })
    }
    return found
  }

  private isDue(node: number, nowMs: number): boolean {
    const { tree } = this.parts.database
    if (tree.nodes.getInt(node, NodeField.CHILD_COUNT) !== 0) return false
    if (tree.containers.has(node)) return this.isContainerDue(node, nowMs)
    const ageMs = nowMs - tree.nodes.getNumber(node, NodeField.MTIME)
    return ageMs > ownerTtlMs(tree.nodes.getLong(node, NodeField.STORED_OWNER))
  }

  private isContainerDue(node: number, nowMs: number): boolean {
    const { nodes } = this.parts.database.tree
    if (nodes.getInt(node, NodeField.PERSISTED_CVERSION) > 0) return true
    const { neverUsedIntervalMs } = this.parts
    return neverUsedIntervalMs !== 0 && nowMs - nodes.getNumber(node, NodeField.MTIME) > neverUsedIntervalMs
  }
}
