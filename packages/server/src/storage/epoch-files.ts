// The two epoch files of a quorum member, in the `version-2` directory of the snapshots: decimal numbers, no newline.
// A standalone server ignores both.

import { utf8Read, utf8Write } from '@tskeeper/protocol/server'
import type { Disk } from '../runtime/disk.ts'
import { StartupError } from '../startup-error.ts'
import { ATOMIC_SUFFIX, writeFileAtomically } from './atomic-file.ts'
import { zxidEpoch } from './zxid.ts'

/** Holds the largest epoch that this server has promised to follow. */
export const ACCEPTED_EPOCH_FILE = 'acceptedEpoch'

/** Holds the epoch of the last leader whose history this server has made its own. */
export const CURRENT_EPOCH_FILE = 'currentEpoch'

export interface Epochs {
  readonly acceptedEpoch: number
  readonly currentEpoch: number
}

/** The number in an epoch file, or null if there is no such file. Anything but a number stops the start. */
export function readEpochFile(disk: Disk, directory: string, name: string): number | null {
  const path = `${directory}/${name}`
  if (!disk.exists(path)) return null
  const bytes = disk.readFile(path)
  const text = utf8Read(bytes, 0, bytes.length).trim()
  if (!/^-?[0-9]{1,10}$/.test(text)) {
    throw new StartupError(`the epoch file ${path} holds "${text.slice(0, 40)}", which is not a number`, 1)
  }
  return Number(text)
}

/** Makes the epoch durable; the value in memory may change only after this has returned. */
export function writeEpochFile(disk: Disk, directory: string, name: string, epoch: number): void {
  const text = String(epoch)
  const bytes = new Uint8Array(text.length)
  utf8Write(text, bytes, 0)
  writeFileAtomically(disk, `${directory}/${name}`, bytes)
}

/**
 * What a quorum member starts with, after its log has been replayed up to `lastZxid`. Missing files are made from the
 * epoch of the log.
 *
 * A log that is ahead of `currentEpoch` is the trace of a crash while the server was being brought up to date by the leader of
 * that epoch: what it lacked is logged first, then the epoch is adopted. A log leaves nothing out, so that one with a transaction of
 * an epoch has all that the epoch began with, and the server may adopt it now. It must have promised to follow in that epoch, though:
 * otherwise, as with a promise below the current epoch, these files and the log are not of one server, and it does not start.
 */
export function loadEpochs(disk: Disk, directory: string, lastZxid: number): Epochs {
  const epochOfLog = zxidEpoch(lastZxid)
  const currentEpoch = loadCurrentEpoch(disk, directory, epochOfLog)
  let acceptedEpoch = readEpochFile(disk, directory, ACCEPTED_EPOCH_FILE)
  if (acceptedEpoch === null) {
    acceptedEpoch = epochOfLog
    writeEpochFile(disk, directory, ACCEPTED_EPOCH_FILE, acceptedEpoch)
  }
  if (acceptedEpoch < currentEpoch) {
    throw new StartupError(
      `${directory}/${ACCEPTED_EPOCH_FILE} holds ${acceptedEpoch}, less than the ${currentEpoch} in ${CURRENT_EPOCH_FILE}: ` +
        'the files are not of one server; restore both from the same copy, or start with an empty data directory',
      1,
    )
  }
  return { acceptedEpoch, currentEpoch }
}

function loadCurrentEpoch(disk: Disk, directory: string, epochOfLog: number): number {
  const currentEpoch = readEpochFile(disk, directory, CURRENT_EPOCH_FILE)
  if (currentEpoch === null) {
    writeEpochFile(disk, directory, CURRENT_EPOCH_FILE, epochOfLog)
    return epochOfLog
  }
  if (epochOfLog <= currentEpoch) return currentEpoch
  const promisedEpoch = readEpochFile(disk, directory, ACCEPTED_EPOCH_FILE) ?? -1
  // The unfinished file may hold anything: it is looked at only if nothing else explains the log.
  const isPromised = promisedEpoch >= epochOfLog
  const epoch = isPromised ? epochOfLog : (readEpochFile(disk, directory, CURRENT_EPOCH_FILE + ATOMIC_SUFFIX) ?? -1)
  if (epoch < epochOfLog) {
    throw new StartupError(
      `${directory}/${CURRENT_EPOCH_FILE} holds ${currentEpoch}, but the log has transactions of epoch ${epochOfLog}: ` +
        'the files are not of one server; restore both from the same copy, or start with an empty data directory',
      1,
    )
  }
  writeEpochFile(disk, directory, CURRENT_EPOCH_FILE, epoch)
  return epoch
}
