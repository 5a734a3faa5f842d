// The requests that change nothing but watches. Each is answered in the tick in which it is parsed, from the tree
// straight into the connection's output buffer: paths are looked up where they lie in the request, the Stat is copied
// from the node's record, and no object is made on the way.

import {
  type AclSchemes,
  type Database,
  type Identity,
  isAllowed,
  maskAcl,
  NodeField,
  OPEN_ACL_ID,
  WATCH_PERSISTENT,
  WATCH_RECURSIVE,
  WATCH_STANDARD,
  whoAmI,
} from '@tskeeper/core'

import {
  AddWatchMode,
  type ByteReader,
  type ByteWriter,
  ErrorCode,
  EventType,
  Op,
  Perm,
  WatcherType,
  writeAcl,
  writeWhoAmIResponse,
} from '@tskeeper/protocol/server'
import type { ClientConnection } from '../listener/client-connection.ts'
import type { NamespaceTraffic } from '../metrics/namespace-traffic.ts'
import { ChildrenCache } from './children-cache.ts'

/** No operation of the protocol: stands for a request that is refused because it had waited for too long. */
export const OP_THROTTLED = -127

const ANY_MODE = WATCH_STANDARD | WATCH_PERSISTENT | WATCH_RECURSIVE

export class ReadAnswers {
  private readonly database: Database
  private readonly schemes: AclSchemes
  private readonly isAclSkipped: boolean
  private readonly childrenCache: ChildrenCache
  private readonly traffic: NamespaceTraffic

  constructor(
    database: Database,
    schemes: AclSchemes,
    isAclSkipped: boolean,
    childrenCacheSize: number,
    traffic: NamespaceTraffic,
  ) {
    this.database = database
    this.schemes = schemes
    this.isAclSkipped = isAclSkipped
    this.childrenCache = new ChildrenCache(database.tree, childrenCacheSize)
    this.traffic = traffic
  }

  /**
   * Appends the body of the reply to `out` and returns its error code; with an error there is no body. Throws `DecodeError`
   * for a record that cannot be read.
   */
  answer(op: number, connection: ClientConnection, input: ByteReader, out: ByteWriter): number {
    switch (op) {
      case Op.getData:
        return this.getData(connection, input, out)
      case Op.exists:
        return this.exists(connection, input, out)
      case Op.getChildren:
        return this.getChildren(connection, input, out, false)
      case Op.getChildren2:
        return this.getChildren(connection, input, out, true)
      case Op.ping:
        return ErrorCode.OK
      case Op.sync:
        return echoPath(input, out)
      case Op.getACL:
        return this.getAcl(connection, input, out)
      case Op.multiRead:
        return this.multiRead(connection, input, out)
      case Op.getAllChildrenNumber:
        return this.getAllChildrenNumber(connection, input, out)
      case Op.getEphemerals:
        return this.getEphemerals(connection, input, out)
      case Op.whoAmI:
        writeWhoAmIResponse(out, { clientInfo: whoAmI(connection.identities, this.schemes) })
        return ErrorCode.OK
      case Op.addWatch:
        return this.addWatch(connection, input, out)
      case Op.checkWatches:
        return this.checkWatches(connection, input)
      case Op.removeWatches:
        return this.removeWatches(connection, input)
      case Op.setWatches:
        return this.setWatches(connection, input, false)
      case Op.setWatches2:
        return this.setWatches(connection, input, true)
      case OP_THROTTLED:
        return ErrorCode.THROTTLED_OP
      default:
        return ErrorCode.UNIMPLEMENTED
    }
  }

  // --- data ------------------------------------------------------------------------------------

  private getData(connection: ClientConnection, input: ByteReader, out: ByteWriter): number {
    const length = input.readSlice()
    if (length < 0) return ErrorCode.MARSHALLING_ERROR
    const start = input.sliceStart
    const isWatched = input.readBoolean()
    const { tree, watches } = this.database
    const node = tree.find(input.bytes, start, length)
    if (node === 0) return ErrorCode.NO_NODE
    if (!this.mayRead(node, connection.identities)) return ErrorCode.NO_AUTH
    if (isWatched) watches.addData(connection, input.bytes, start, length, WATCH_STANDARD)
    const begin = out.position
    tree.nodes.writeData(node, out)
    tree.nodes.writeStat(node, out)
    this.traffic.record(input.bytes, start, length, length + out.position - begin - LENGTH_BYTES)
    return ErrorCode.OK
  }

  private exists(connection: ClientConnection, input: ByteReader, out: ByteWriter): number {
    const length = input.readSlice()
    if (length < 0) return ErrorCode.MARSHALLING_ERROR
    const start = input.sliceStart
    const isWatched = input.readBoolean()
    const { tree, watches } = this.database
    const node = tree.find(input.bytes, start, length)
    if (node === 0 && hasNul(input.bytes, start, length)) return ErrorCode.BAD_ARGUMENTS
    if (node !== 0 && !this.mayRead(node, connection.identities)) return ErrorCode.NO_AUTH
    if (isWatched) watches.addData(connection, input.bytes, start, length, WATCH_STANDARD)
    if (node === 0) return ErrorCode.NO_NODE
    tree.nodes.writeStat(node, out)
    this.traffic.record(input.bytes, start, length, length + STAT_BYTES)
    return ErrorCode.OK
  }

  private getChildren(connection: ClientConnection, input: ByteReader, out: ByteWriter, hasStat: boolean): number {
    const length = input.readSlice()
    if (length < 0) return ErrorCode.MARSHALLING_ERROR
    const start = input.sliceStart
    const isWatched = input.readBoolean()
    const { tree, watches } = this.database
    const node = tree.find(input.bytes, start, length)
    if (node === 0) return ErrorCode.NO_NODE
    if (!this.mayRead(node, connection.identities)) return ErrorCode.NO_AUTH
    if (isWatched) watches.addChild(connection, input.bytes, start, length, WATCH_STANDARD)
    const begin = out.position
    this.childrenCache.write(node, out)
    const nameBytes = nameBytesOf(out, begin)
    if (hasStat) tree.nodes.writeStat(node, out)
    this.traffic.record(input.bytes, start, length, length + nameBytes + (hasStat ? STAT_BYTES : 0))
    return ErrorCode.OK
  }

  private getAcl(connection: ClientConnection, input: ByteReader, out: ByteWriter): number {
    const length = input.readSlice()
    if (length < 0) return ErrorCode.MARSHALLING_ERROR
    const { tree, acls } = this.database
    const node = tree.find(input.bytes, input.sliceStart, length)
    if (node === 0) return ErrorCode.NO_NODE
    const list = acls.list(tree.nodes.getInt(node, NodeField.ACL_ID))
    const { identities } = connection
    if (!isAllowed(list, Perm.read | Perm.admin, identities, this.schemes, this.isAclSkipped)) return ErrorCode.NO_AUTH
    const isAdmin = isAllowed(list, Perm.admin, identities, this.schemes, this.isAclSkipped)
    const shown = isAdmin ? list : maskAcl(list)
    out.writeInt(shown.length)
    for (const acl of shown) writeAcl(out, acl)
    tree.nodes.writeStat(node, out)
    return ErrorCode.OK
  }

  private getAllChildrenNumber(connection: ClientConnection, input: ByteReader, out: ByteWriter): number {
    const length = input.readSlice()
    if (length < 0) return ErrorCode.MARSHALLING_ERROR
    const { tree } = this.database
    const node = tree.find(input.bytes, input.sliceStart, length)
    if (node === 0) return ErrorCode.NO_NODE
    if (!this.mayRead(node, connection.identities)) return ErrorCode.NO_AUTH
    out.writeInt(tree.countDescendants(node))
    return ErrorCode.OK
  }

  private getEphemerals(connection: ClientConnection, input: ByteReader, out: ByteWriter): number {
    const prefix = input.readString() ?? ''
    // Blanks count for nothing if there is nothing else, and around the root, where control characters are blanks, too.
    const isAll = /^([\s\u001c-\u001f]*|[\0- ]*\/[\0- ]*)$/.test(prefix)
    const { tree } = this.database
    const paths: string[] = []
    for (const node of tree.ephemerals.get(connection.session?.id ?? 0n) ?? []) {
      const path = tree.path(node)
      if (isAll || path.startsWith(prefix)) paths.push(path)
    }
    out.writeInt(paths.length)
    for (const path of paths) out.writeString(path)
    return ErrorCode.OK
  }

  // --- multiRead -------------------------------------------------------------------------------

  // Request: parts of MultiHeader (int type, boolean done, int err) and record; reply: likewise.
  private multiRead(connection: ClientConnection, input: ByteReader, out: ByteWriter): number {
    if (!isMultiReadGood(input)) return ErrorCode.MARSHALLING_ERROR
    for (;;) {
      const op = input.readInt()
      const isDone = input.readBoolean()
      input.readInt()
      if (isDone) break
      this.readPart(op, connection, input, out)
    }
    writeMultiHeader(out, Op.error, true, -1)
    return ErrorCode.OK
  }

  private readPart(op: number, connection: ClientConnection, input: ByteReader, out: ByteWriter): void {
    const length = input.readSlice()
    const start = input.sliceStart
    input.readBoolean()
    const { tree } = this.database
    const node = tree.find(input.bytes, start, length)
    let code: number = ErrorCode.OK
    if (node === 0) code = ErrorCode.NO_NODE
    else if (!this.mayRead(node, connection.identities)) code = ErrorCode.NO_AUTH
    if (code !== ErrorCode.OK) {
      writeMultiHeader(out, Op.error, false, code)
      out.writeInt(code)
      return
    }
    writeMultiHeader(out, op, false, 0)
    const begin = out.position
    if (op === Op.getData) {
      tree.nodes.writeData(node, out)
      tree.nodes.writeStat(node, out)
      this.traffic.record(input.bytes, start, length, length + out.position - begin - LENGTH_BYTES)
    } else {
      this.childrenCache.write(node, out)
      this.traffic.record(input.bytes, start, length, length + nameBytesOf(out, begin))
    }
  }

  // --- watches ---------------------------------------------------------------------------------

  private addWatch(connection: ClientConnection, input: ByteReader, out: ByteWriter): number {
    const length = input.readSlice()
    const start = input.sliceStart
    const mode = input.readInt()
    if (length < 0) return ErrorCode.MARSHALLING_ERROR
    if (mode !== AddWatchMode.persistent && mode !== AddWatchMode.persistentRecursive) return ErrorCode.MARSHALLING_ERROR
    this.database.watches.addPersistent(connection, input.bytes, start, length, mode === AddWatchMode.persistentRecursive)
    out.writeInt(0)
    return ErrorCode.OK
  }

  private checkWatches(connection: ClientConnection, input: ByteReader): number {
    const length = input.readSlice()
    const start = input.sliceStart
    const type = input.readInt()
    if (!isWatcherType(type)) return ErrorCode.MARSHALLING_ERROR
    if (length < 0) return ErrorCode.NO_WATCHER
    const { watches } = this.database
    const data = watches.dataModes(connection, input.bytes, start, length)
    const child = watches.childModes(connection, input.bytes, start, length)
    return isWatching(type, data, child) ? ErrorCode.OK : ErrorCode.NO_WATCHER
  }

  private removeWatches(connection: ClientConnection, input: ByteReader): number {
    const length = input.readSlice()
    const start = input.sliceStart
    const type = input.readInt()
    if (!isWatcherType(type)) return ErrorCode.MARSHALLING_ERROR
    if (length < 0) return ErrorCode.NO_WATCHER
    const dataModes = DATA_MODES[type] ?? 0
    const childModes = CHILD_MODES[type] ?? 0
    const isRemoved = this.database.watches.remove(connection, input.bytes, start, length, dataModes, childModes)
    return isRemoved ? ErrorCode.OK : ErrorCode.NO_WATCHER
  }

  /**
   * After a reconnect: what changed since the client's last zxid becomes an event at once, and the rest is
   * registered. Nothing is done unless the whole request can be read.
   */
  private setWatches(connection: ClientConnection, input: ByteReader, hasPersistent: boolean): number {
    const begin = input.position
    input.readNumber()
    for (let list = 0; list < (hasPersistent ? 5 : 3); list++) if (!skipPaths(input)) return ErrorCode.MARSHALLING_ERROR
    input.position = begin

    const since = input.readNumber()
    const { bytes } = input
    const { tree, watches } = this.database
    this.eachPath(input, (start, length) => {
      const node = tree.find(bytes, start, length)
      if (node === 0) watches.notifyNow(connection, EventType.nodeDeleted, bytes, start, length)
      else if (tree.nodes.getNumber(node, NodeField.MZXID) > since)
        watches.notifyNow(connection, EventType.nodeDataChanged, bytes, start, length)
      else watches.addData(connection, bytes, start, length, WATCH_STANDARD)
    })
    this.eachPath(input, (start, length) => {
      if (tree.find(bytes, start, length) !== 0) watches.notifyNow(connection, EventType.nodeCreated, bytes, start, length)
      else watches.addData(connection, bytes, start, length, WATCH_STANDARD)
    })
    this.eachPath(input, (start, length) => {
      const node = tree.find(bytes, start, length)
      if (node === 0) watches.notifyNow(connection, EventType.nodeDeleted, bytes, start, length)
      else if (tree.nodes.getNumber(node, NodeField.PZXID) > since)
        watches.notifyNow(connection, EventType.nodeChildrenChanged, bytes, start, length)
      else watches.addChild(connection, bytes, start, length, WATCH_STANDARD)
    })
    if (!hasPersistent) return ErrorCode.OK
    this.eachPath(input, (start, length) => watches.addPersistent(connection, bytes, start, length, false))
    this.eachPath(input, (start, length) => watches.addPersistent(connection, bytes, start, length, true))
    return ErrorCode.OK
  }

  private eachPath(input: ByteReader, visit: (start: number, length: number) => void): void {
    const count = input.readCount(4)
    for (let i = 0; i < count; i++) {
      const length = input.readSlice()
      visit(input.sliceStart, length)
    }
  }

  // --- access ----------------------------------------------------------------------------------

  private mayRead(node: number, identities: readonly Identity[]): boolean {
    return this.mayReadAcl(this.database.tree.nodes.getInt(node, NodeField.ACL_ID), identities)
  }

  /** Does this ACL let a client with these identities read? */
  mayReadAcl(aclId: number, identities: readonly Identity[]): boolean {
    if (aclId === OPEN_ACL_ID) return true
    return isAllowed(this.database.acls.list(aclId), Perm.read, identities, this.schemes, this.isAclSkipped)
  }
}

/** What each type of watch stands for in the data table; the index is the `WatcherType`. */
const DATA_MODES = [0, 0, WATCH_STANDARD, ANY_MODE, WATCH_PERSISTENT, WATCH_RECURSIVE]
const CHILD_MODES = [0, WATCH_STANDARD, 0, ANY_MODE, WATCH_PERSISTENT, 0]

/** Of a string's or a buffer's length. */
const LENGTH_BYTES = 4
const STAT_BYTES = 68

/** Bytes of the names in the vector that was written from `begin` on. */
function nameBytesOf(out: ByteWriter, begin: number): number {
  return out.position - begin - LENGTH_BYTES - LENGTH_BYTES * out.view.getInt32(begin)
}

function isWatcherType(type: number): boolean {
  return type >= WatcherType.children && type <= WatcherType.persistentRecursive
}

function isWatching(type: number, dataModes: number, childModes: number): boolean {
  if (type === WatcherType.persistent) return (dataModes & WATCH_PERSISTENT) !== 0
  return ((dataModes & (DATA_MODES[type] ?? 0)) | (childModes & (CHILD_MODES[type] ?? 0))) !== 0
}

function echoPath(input: ByteReader, out: ByteWriter): number {
  const length = input.readSlice()
  out.writeInt(length)
  if (length > 0) out.writeBytes(input.bytes.subarray(input.sliceStart, input.sliceStart + length))
  return ErrorCode.OK
}

/** Walks over a whole multiRead: only reads of data and of children, none of a null path. */
function isMultiReadGood(input: ByteReader): boolean {
  const begin = input.position
  for (;;) {
    const op = input.readInt()
    const isDone = input.readBoolean()
    input.readInt()
    if (isDone) break
    if (op !== Op.getData && op !== Op.getChildren) return false
    if (input.readSlice() < 0) return false
    input.readBoolean()
  }
  input.position = begin
  return true
}

function skipPaths(input: ByteReader): boolean {
  const count = input.readCount(4)
  for (let i = 0; i < count; i++) if (input.readSlice() < 0) return false
  return count >= 0
}

function writeMultiHeader(out: ByteWriter, type: number, isDone: boolean, code: number): void {
  out.writeInt(type)
  out.writeBoolean(isDone)
  out.writeInt(code)
}

function hasNul(bytes: Uint8Array, start: number, length: number): boolean {
  for (let i = start; i < start + length; i++) if (bytes[i] === 0) return true
  return false
}
