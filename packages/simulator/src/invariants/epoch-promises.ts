// What servers promise with their epochs, checked against what their disks would give after a power failure.

import type { MemoryDisk } from '@tskeeper/server/memory-disk'
import { Violation } from './violation.ts'

const DIRECTORY = '/data/version-2'

export class EpochPromises {
  private readonly accepted = new Map<string, number>()
  private readonly current = new Map<string, number>()

  /** The server is about to promise that it follows nobody of an older epoch than `epoch`. */
  promised(server: string, disk: MemoryDisk, epoch: number): void {
    this.look(server, disk)
    const accepted = this.accepted.get(server) ?? 0
    if (accepted !== epoch) {
      throw new Violation(
        'epoch promises',
        `${server} promises epoch ${epoch}, but ${accepted} would be left of that after a crash`,
      )
    }
  }

  /** The server is about to acknowledge that it has the history of the leader of `epoch`. */
  adopted(server: string, disk: MemoryDisk, epoch: number): void {
    this.look(server, disk)
    const current = this.current.get(server) ?? 0
    if (current !== epoch) {
      throw new Violation(
        'epoch promises',
        `${server} follows in epoch ${epoch}, but ${current} would be left of that after a crash`,
      )
    }
  }

  /** Looks at both files: neither epoch goes back, and nobody adopts what it has not accepted. */
  look(server: string, disk: MemoryDisk): void {
    const accepted = this.read(server, disk, 'acceptedEpoch', this.accepted)
    const current = this.read(server, disk, 'currentEpoch', this.current)
    if (current > accepted) {
      throw new Violation('epoch promises', `${server} has adopted epoch ${current}, but accepted no more than ${accepted}`)
    }
  }

  private read(server: string, disk: MemoryDisk, name: string, known: Map<string, number>): number {
    const bytes = disk.readDurable(`${DIRECTORY}/${name}`)
    const epoch = bytes === null ? 0 : Number(Buffer.from(bytes).toString('latin1'))
    const before = known.get(server) ?? 0
    if (epoch < before) throw new Violation('epoch promises', `${name} of ${server} goes back from ${before} to ${epoch}`)
    known.set(server, epoch)
    return epoch
  }
}
