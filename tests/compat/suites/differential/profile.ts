/**
 * What may be drawn against one version of Apache's server. Where that version is known to differ from ours and the difference would stay in
 * the tree or among the watches, the request is not drawn; each restriction names the line of `docs/divergence.md` that it stands for.
 */
import type { SeededRandom } from '../../../faults/seeded-random.ts'
import { RawOp } from '../../../support/raw-records.ts'

/** Which kinds of watches a connection leaves. */
export type WatchStyle = 'any' | 'standard' | 'persistent' | 'recursive' | 'none'

export interface ServerProfile {
  /** As in `3.8`. */
  readonly version: string
  /** 3.9: several kinds of watches of one connection stand on one node, and types 4 and 5 can be removed. Before, a connection keeps to one kind. */
  readonly hasModernWatches: boolean
  /** 3.9: flags out of range, and those of nodes with a time to live in a plain create, refuse the whole multi. */
  readonly hasStrictMultiFlags: boolean
  /** Every ACL lets everybody read: before 3.9.2 neither `exists` nor events asked for READ, so that what is watched must be readable. */
  readonly isReadable: boolean
  /** 3.8 keeps recursive watches in two tables, and counts them in both. */
  readonly countsWatchesTwice: boolean
  readonly unknownOpcodes: readonly number[]
  /** Opcodes whose bodies are not damaged. With `sasl`, Apache's server closes the connection, and ours looks at no token. */
  readonly undamaged: ReadonlySet<number>
  readonly watchStyles: readonly WatchStyle[]
}

const WRITES: readonly number[] = [
  ...[RawOp.create, RawOp.create2, RawOp.createContainer, RawOp.createTtl, RawOp.delete, RawOp.setData, RawOp.setAcl],
  ...[RawOp.multi, RawOp.reconfig],
]

/** Numbers of no operation. 20 and -10 are left out: Apache takes them from clients. */
const UNKNOWN_OPCODES: readonly number[] = [-1, 0, 10, 23, 50, 99, 108, 1000, -2, -12, 2147483647, -2147483648]

export function profileOf(version: string, random: SeededRandom): ServerProfile {
  return version.startsWith('3.8') ? profileOf38(random) : profileOf39(version)
}

function profileOf38(random: SeededRandom): ServerProfile {
  const isReadable = random.isLikely(0.6)
  return {
    version: '3.8',
    hasModernWatches: false,
    hasStrictMultiFlags: false,
    isReadable,
    countsWatchesTwice: true,
    // A bare check is not answered there.
    unknownOpcodes: UNKNOWN_OPCODES,
    // A multi with a null path takes no zxid there, nor does a reconfig that cannot be read.
    undamaged: new Set([RawOp.multi, RawOp.reconfig, RawOp.sasl]),
    watchStyles: isReadable ? ['standard', 'standard', 'persistent', 'recursive'] : ['none'],
  }
}

function profileOf39(version: string): ServerProfile {
  return {
    version,
    hasModernWatches: true,
    hasStrictMultiFlags: true,
    isReadable: false,
    countsWatchesTwice: false,
    unknownOpcodes: [...UNKNOWN_OPCODES, RawOp.check],
    // A write that cannot be read takes the zxid of the one before.
    undamaged: new Set([...WRITES, RawOp.sasl]),
    watchStyles: ['any'],
  }
}
