// Deletes containers that have lost their last child and TTL nodes past their time: looks now and then, and sends a
// delete through the pipeline for each, at a measured pace. The pipeline checks again whether the node is childless.

import { type Database, NodeField } from '@tskeeper/core'
import { ownerTtlMs, utf8Bytes } from '@tskeeper/protocol/server'
import type { Logger } from '../logger.ts'
import type { Clock, TimerHandle, Timers } from '../runtime/runtime.ts'

/** Where the reaper's deletes go: a pipeline that decides writes. */
export interface ContainerDeletions {
  submitDeleteContainer(path: Uint8Array, timeMs: number, arrivedMs: number): void
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

const MINUTE_MS = 60_000

export class ContainerReaper {
  private readonly parts: ContainerReaperParts
  private timer: TimerHandle | null = null
  /** Paths that this pass still has to delete, the next one last. */
  private due: string[] = []
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
    const path = this.due.pop()
    if (path === undefined) {
      const restMs = checkIntervalMs - (clock.monotonicMs() - this.passStartedMs)
      this.timer = timers.after(Math.max(restMs, 0), () => this.pass())
      return
    }
    logger.info(`Attempting to delete candidate container: ${path}`)
    writes.submitDeleteContainer(utf8Bytes(path), clock.nowMs(), clock.monotonicMs())
    this.timer = timers.after(MINUTE_MS / Math.max(maxPerMinute, 1), () => this.deleteNext())
  }

  /** Paths of the nodes that could go now. */
  private candidates(): string[] {
    const { tree } = this.parts.database
    const { nodes } = tree
    const nowMs = this.parts.clock.nowMs()
    const paths: string[] = []
    for (const node of tree.containers) {
      if (nodes.getInt(node, NodeField.CHILD_COUNT) === 0 && this.isContainerDue(node, nowMs)) paths.push(tree.path(node))
    }
    for (const node of tree.ttlNodes) {
      if (nodes.getInt(node, NodeField.CHILD_COUNT) !== 0) continue
      const ageMs = nowMs - nodes.getNumber(node, NodeField.MTIME)
      if (ageMs > ownerTtlMs(nodes.getLong(node, NodeField.STORED_OWNER))) paths.push(tree.path(node))
    }
    return paths
  }

  private isContainerDue(node: number, nowMs: number): boolean {
    const { nodes } = this.parts.database.tree
    if (nodes.getInt(node, NodeField.PERSISTED_CVERSION) > 0) return true
    const { neverUsedIntervalMs } = this.parts
    return neverUsedIntervalMs !== 0 && nowMs - nodes.getNumber(node, NodeField.MTIME) > neverUsedIntervalMs
  }
}
