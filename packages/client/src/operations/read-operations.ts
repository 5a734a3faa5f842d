import { type ByteReader, type ByteWriter, Op, readAcl } from '@tskeeper/protocol'
import type { AclValue, ChildrenValue, Identity, NodeValue } from '../results.ts'
import type { Operation, RequestContent } from '../session/request.ts'
import { readStat, type Stat } from '../stat.ts'

/** getData */
export const getData: Operation<undefined, NodeValue> = {
  op: Op.getData,
  name: 'getData',
  isWrite: false,
  watchPlace: 'data',
  resultIfMissing: undefined,
  encode: writePathAndWatch,
  decode: readNodeValue,
}

/** exists; null when the node is not there, which leaves a watch for its creation all the same */
export const exists: Operation<undefined, Stat | null> = {
  op: Op.exists,
  name: 'exists',
  isWrite: false,
  watchPlace: 'exists',
  resultIfMissing: null,
  encode: writePathAndWatch,
  decode: readStat,
}

/** getChildren */
export const getChildren: Operation<undefined, string[]> = {
  op: Op.getChildren,
  name: 'getChildren',
  isWrite: false,
  watchPlace: 'children',
  resultIfMissing: undefined,
  encode: writePathAndWatch,
  decode: readStrings,
}

/** getChildren2 */
export const getChildren2: Operation<undefined, ChildrenValue> = {
  op: Op.getChildren2,
  name: 'getChildren2',
  isWrite: false,
  watchPlace: 'children',
  resultIfMissing: undefined,
  encode: writePathAndWatch,
  decode: (input) => ({ children: readStrings(input), stat: readStat(input) }),
}

/** getACL */
export const getAcl: Operation<undefined, AclValue> = {
  op: Op.getACL,
  name: 'getACL',
  isWrite: false,
  watchPlace: null,
  resultIfMissing: undefined,
  encode: writePath,
  decode: (input) => {
    const acl = []
    for (let left = input.readCount(12); left > 0; left--) acl.push(readAcl(input))
    return { acl, stat: readStat(input) }
  },
}

/** sync: what is read after it is no older than it. Doing it twice does no harm, so it counts as a read. */
export const sync: Operation<undefined, undefined> = {
  op: Op.sync,
  name: 'sync',
  isWrite: false,
  watchPlace: null,
  resultIfMissing: undefined,
  encode: writePath,
  decode: () => undefined,
}

/** getAllChildrenNumber */
export const getAllChildrenNumber: Operation<undefined, number> = {
  op: Op.getAllChildrenNumber,
  name: 'getAllChildrenNumber',
  isWrite: false,
  watchPlace: null,
  resultIfMissing: undefined,
  encode: writePath,
  decode: (input) => input.readInt(),
}

/** getEphemerals; the results are server paths */
export const getEphemerals: Operation<undefined, string[]> = {
  op: Op.getEphemerals,
  name: 'getEphemerals',
  isWrite: false,
  watchPlace: null,
  resultIfMissing: undefined,
  encode: writePath,
  decode: readStrings,
}

/** whoAmI */
export const whoAmI: Operation<undefined, Identity[]> = {
  op: Op.whoAmI,
  name: 'whoAmI',
  isWrite: false,
  watchPlace: null,
  resultIfMissing: undefined,
  encode: () => undefined,
  decode: (input) => {
    const identities: Identity[] = []
    for (let left = input.readCount(8); left > 0; left--) {
      identities.push({ scheme: input.readString() ?? '', id: input.readString() ?? '' })
    }
    return identities
  },
}

/** Reads data and Stat. */
export function readNodeValue(input: ByteReader): NodeValue {
  const data = input.readBuffer()
  return { data: data ?? new Uint8Array(0), isNull: data === null, stat: readStat(input) }
}

/** Reads a vector of strings. */
export function readStrings(input: ByteReader): string[] {
  const strings: string[] = []
  for (let left = input.readCount(4); left > 0; left--) strings.push(input.readString() ?? '')
  return strings
}

function writePath(out: ByteWriter, request: RequestContent<undefined>): void {
  out.writeString(request.serverPath)
}

function writePathAndWatch(out: ByteWriter, request: RequestContent<undefined>): void {
  out.writeString(request.serverPath)
  out.writeBoolean(request.watch !== null)
}
