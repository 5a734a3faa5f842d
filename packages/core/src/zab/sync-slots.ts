import type { SyncKind } from './learner-sync.ts'

/** How many learners are synchronised at a time: snapshots and differences load the leader, and only voters may always. */
export class SyncSlots {
  private readonly snapshotsMax: number
  private readonly diffsMax: number
  private snapshots = 0
  private diffs = 0

  constructor(snapshotsMax: number, diffsMax: number) {
    this.snapshotsMax = snapshotsMax
    this.diffsMax = diffsMax
  }

  /** Takes a slot; false when there is none left and the learner `isExempt` from the limit neither. */
  take(kind: SyncKind, isExempt: boolean): boolean {
    if (!isExempt && this.taken(kind) >= this.limit(kind)) return false
    if (kind === 'snap') this.snapshots++
    else this.diffs++
    return true
  }

  release(kind: SyncKind): void {
    if (kind === 'snap') this.snapshots--
    else this.diffs--
  }

  /** How many may have one. */
  limit(kind: SyncKind): number {
    return kind === 'snap' ? this.snapshotsMax : this.diffsMax
  }

  private taken(kind: SyncKind): number {
    return kind === 'snap' ? this.snapshots : this.diffs
  }
}
