// Generated from the schema by `npm run generate`. Edit the schema instead.
// Bodies of requests, after the request header.

import type { ByteReader } from '../byte-reader.ts'
import type { ByteWriter } from '../byte-writer.ts'
import { readUstring, readVector, writeUstring, writeVector } from '../vector.ts'
import { type Acl, readAcl, writeAcl } from './common-records.ts'

/** create, create2 and createContainer. */
export interface CreateRequest {
  readonly path: string | null
  readonly data: Uint8Array | null
  readonly acl: readonly Acl[] | null
  /** See `CreateMode`. */
  readonly flags: number
}

/** Writes a CreateRequest. */
export function writeCreateRequest(out: ByteWriter, value: CreateRequest): void {
  out.writeString(value.path)
  out.writeBuffer(value.data)
  writeVector(out, value.acl, writeAcl)
  out.writeInt(value.flags)
}

/** Reads a CreateRequest. */
export function readCreateRequest(input: ByteReader): CreateRequest {
  return {
    path: input.readString(),
    data: input.readBuffer(),
    acl: readVector(input, 12, readAcl),
    flags: input.readInt(),
  }
}

/** createTTL. */
export interface CreateTtlRequest {
  readonly path: string | null
  readonly data: Uint8Array | null
  readonly acl: readonly Acl[] | null
  /** See `CreateMode`. */
  readonly flags: number
  /** Milliseconds. */
  readonly ttl: number
}

/** Writes a CreateTtlRequest. */
export function writeCreateTtlRequest(out: ByteWriter, value: CreateTtlRequest): void {
  out.writeString(value.path)
  out.writeBuffer(value.data)
  writeVector(out, value.acl, writeAcl)
  out.writeInt(value.flags)
  out.writeNumber(value.ttl)
}

/** Reads a CreateTtlRequest. */
export function readCreateTtlRequest(input: ByteReader): CreateTtlRequest {
  return {
    path: input.readString(),
    data: input.readBuffer(),
    acl: readVector(input, 12, readAcl),
    flags: input.readInt(),
    ttl: input.readNumber(),
  }
}

/** delete. */
export interface DeleteRequest {
  readonly path: string | null
  /** -1 is any. */
  readonly version: number
}

/** Writes a DeleteRequest. */
export function writeDeleteRequest(out: ByteWriter, value: DeleteRequest): void {
  out.writeString(value.path)
  out.writeInt(value.version)
}

/** Reads a DeleteRequest. */
export function readDeleteRequest(input: ByteReader): DeleteRequest {
  return {
    path: input.readString(),
    version: input.readInt(),
  }
}

/** deleteContainer, which servers send to themselves. */
export interface DeleteContainerRequest {
  readonly path: string | null
}

/** Writes a DeleteContainerRequest. */
export function writeDeleteContainerRequest(out: ByteWriter, value: DeleteContainerRequest): void {
  out.writeString(value.path)
}

/** Reads a DeleteContainerRequest. */
export function readDeleteContainerRequest(input: ByteReader): DeleteContainerRequest {
  return {
    path: input.readString(),
  }
}

/** exists. */
export interface ExistsRequest {
  readonly path: string | null
  readonly watch: boolean
}

/** Writes an ExistsRequest. */
export function writeExistsRequest(out: ByteWriter, value: ExistsRequest): void {
  out.writeString(value.path)
  out.writeBoolean(value.watch)
}

/** Reads an ExistsRequest. */
export function readExistsRequest(input: ByteReader): ExistsRequest {
  return {
    path: input.readString(),
    watch: input.readBoolean(),
  }
}

/** getData. */
export interface GetDataRequest {
  readonly path: string | null
  readonly watch: boolean
}

/** Writes a GetDataRequest. */
export function writeGetDataRequest(out: ByteWriter, value: GetDataRequest): void {
  out.writeString(value.path)
  out.writeBoolean(value.watch)
}

/** Reads a GetDataRequest. */
export function readGetDataRequest(input: ByteReader): GetDataRequest {
  return {
    path: input.readString(),
    watch: input.readBoolean(),
  }
}

/** setData. */
export interface SetDataRequest {
  readonly path: string | null
  readonly data: Uint8Array | null
  /** -1 is any. */
  readonly version: number
}

/** Writes a SetDataRequest. */
export function writeSetDataRequest(out: ByteWriter, value: SetDataRequest): void {
  out.writeString(value.path)
  out.writeBuffer(value.data)
  out.writeInt(value.version)
}

/** Reads a SetDataRequest. */
export function readSetDataRequest(input: ByteReader): SetDataRequest {
  return {
    path: input.readString(),
    data: input.readBuffer(),
    version: input.readInt(),
  }
}

/** getACL. */
export interface GetAclRequest {
  readonly path: string | null
}

/** Writes a GetAclRequest. */
export function writeGetAclRequest(out: ByteWriter, value: GetAclRequest): void {
  out.writeString(value.path)
}

/** Reads a GetAclRequest. */
export function readGetAclRequest(input: ByteReader): GetAclRequest {
  return {
    path: input.readString(),
  }
}

/** setACL. */
export interface SetAclRequest {
  readonly path: string | null
  readonly acl: readonly Acl[] | null
  /** An aversion; -1 is any. */
  readonly version: number
}

/** Writes a SetAclRequest. */
export function writeSetAclRequest(out: ByteWriter, value: SetAclRequest): void {
  out.writeString(value.path)
  writeVector(out, value.acl, writeAcl)
  out.writeInt(value.version)
}

/** Reads a SetAclRequest. */
export function readSetAclRequest(input: ByteReader): SetAclRequest {
  return {
    path: input.readString(),
    acl: readVector(input, 12, readAcl),
    version: input.readInt(),
  }
}

/** getChildren. */
export interface GetChildrenRequest {
  readonly path: string | null
  readonly watch: boolean
}

/** Writes a GetChildrenRequest. */
export function writeGetChildrenRequest(out: ByteWriter, value: GetChildrenRequest): void {
  out.writeString(value.path)
  out.writeBoolean(value.watch)
}

/** Reads a GetChildrenRequest. */
export function readGetChildrenRequest(input: ByteReader): GetChildrenRequest {
  return {
    path: input.readString(),
    watch: input.readBoolean(),
  }
}

/** getChildren2. */
export interface GetChildren2Request {
  readonly path: string | null
  readonly watch: boolean
}

/** Writes a GetChildren2Request. */
export function writeGetChildren2Request(out: ByteWriter, value: GetChildren2Request): void {
  out.writeString(value.path)
  out.writeBoolean(value.watch)
}

/** Reads a GetChildren2Request. */
export function readGetChildren2Request(input: ByteReader): GetChildren2Request {
  return {
    path: input.readString(),
    watch: input.readBoolean(),
  }
}

/** getAllChildrenNumber. */
export interface GetAllChildrenNumberRequest {
  readonly path: string | null
}

/** Writes a GetAllChildrenNumberRequest. */
export function writeGetAllChildrenNumberRequest(out: ByteWriter, value: GetAllChildrenNumberRequest): void {
  out.writeString(value.path)
}

/** Reads a GetAllChildrenNumberRequest. */
export function readGetAllChildrenNumberRequest(input: ByteReader): GetAllChildrenNumberRequest {
  return {
    path: input.readString(),
  }
}

/** getEphemerals: the session's own ephemeral nodes whose path begins so. */
export interface GetEphemeralsRequest {
  readonly prefixPath: string | null
}

/** Writes a GetEphemeralsRequest. */
export function writeGetEphemeralsRequest(out: ByteWriter, value: GetEphemeralsRequest): void {
  out.writeString(value.prefixPath)
}

/** Reads a GetEphemeralsRequest. */
export function readGetEphemeralsRequest(input: ByteReader): GetEphemeralsRequest {
  return {
    prefixPath: input.readString(),
  }
}

/** sync. */
export interface SyncRequest {
  readonly path: string | null
}

/** Writes a SyncRequest. */
export function writeSyncRequest(out: ByteWriter, value: SyncRequest): void {
  out.writeString(value.path)
}

/** Reads a SyncRequest. */
export function readSyncRequest(input: ByteReader): SyncRequest {
  return {
    path: input.readString(),
  }
}

/** check, a part of a multi. */
export interface CheckVersionRequest {
  readonly path: string | null
  /** -1 is any. */
  readonly version: number
}

/** Writes a CheckVersionRequest. */
export function writeCheckVersionRequest(out: ByteWriter, value: CheckVersionRequest): void {
  out.writeString(value.path)
  out.writeInt(value.version)
}

/** Reads a CheckVersionRequest. */
export function readCheckVersionRequest(input: ByteReader): CheckVersionRequest {
  return {
    path: input.readString(),
    version: input.readInt(),
  }
}

/** reconfig: either joining and leaving servers, or the whole new membership. */
export interface ReconfigRequest {
  readonly joiningServers: string | null
  readonly leavingServers: string | null
  readonly newMembers: string | null
  /** Version of the configuration that this one replaces; -1 is any. */
  readonly curConfigId: number
}

/** Writes a ReconfigRequest. */
export function writeReconfigRequest(out: ByteWriter, value: ReconfigRequest): void {
  out.writeString(value.joiningServers)
  out.writeString(value.leavingServers)
  out.writeString(value.newMembers)
  out.writeNumber(value.curConfigId)
}

/** Reads a ReconfigRequest. */
export function readReconfigRequest(input: ByteReader): ReconfigRequest {
  return {
    joiningServers: input.readString(),
    leavingServers: input.readString(),
    newMembers: input.readString(),
    curConfigId: input.readNumber(),
  }
}

/** addWatch. */
export interface AddWatchRequest {
  readonly path: string | null
  /** See `AddWatchMode`. */
  readonly mode: number
}

/** Writes an AddWatchRequest. */
export function writeAddWatchRequest(out: ByteWriter, value: AddWatchRequest): void {
  out.writeString(value.path)
  out.writeInt(value.mode)
}

/** Reads an AddWatchRequest. */
export function readAddWatchRequest(input: ByteReader): AddWatchRequest {
  return {
    path: input.readString(),
    mode: input.readInt(),
  }
}

/** checkWatches. */
export interface CheckWatchesRequest {
  readonly path: string | null
  /** See `WatcherType`. */
  readonly type: number
}

/** Writes a CheckWatchesRequest. */
export function writeCheckWatchesRequest(out: ByteWriter, value: CheckWatchesRequest): void {
  out.writeString(value.path)
  out.writeInt(value.type)
}

/** Reads a CheckWatchesRequest. */
export function readCheckWatchesRequest(input: ByteReader): CheckWatchesRequest {
  return {
    path: input.readString(),
    type: input.readInt(),
  }
}

/** removeWatches. */
export interface RemoveWatchesRequest {
  readonly path: string | null
  /** See `WatcherType`. */
  readonly type: number
}

/** Writes a RemoveWatchesRequest. */
export function writeRemoveWatchesRequest(out: ByteWriter, value: RemoveWatchesRequest): void {
  out.writeString(value.path)
  out.writeInt(value.type)
}

/** Reads a RemoveWatchesRequest. */
export function readRemoveWatchesRequest(input: ByteReader): RemoveWatchesRequest {
  return {
    path: input.readString(),
    type: input.readInt(),
  }
}

/** setWatches: sets the watches of a client again that has reconnected. */
export interface SetWatches {
  /** The last zxid that the client saw; later changes are told at once. */
  readonly relativeZxid: number
  readonly dataWatches: readonly (string | null)[] | null
  readonly existWatches: readonly (string | null)[] | null
  readonly childWatches: readonly (string | null)[] | null
}

/** Writes a SetWatches. */
export function writeSetWatches(out: ByteWriter, value: SetWatches): void {
  out.writeNumber(value.relativeZxid)
  writeVector(out, value.dataWatches, writeUstring)
  writeVector(out, value.existWatches, writeUstring)
  writeVector(out, value.childWatches, writeUstring)
}

/** Reads a SetWatches. */
export function readSetWatches(input: ByteReader): SetWatches {
  return {
    relativeZxid: input.readNumber(),
    dataWatches: readVector(input, 4, readUstring),
    existWatches: readVector(input, 4, readUstring),
    childWatches: readVector(input, 4, readUstring),
  }
}

/** setWatches2: as setWatches, with persistent watches. */
export interface SetWatches2 {
  /** The last zxid that the client saw; later changes are told at once. */
  readonly relativeZxid: number
  readonly dataWatches: readonly (string | null)[] | null
  readonly existWatches: readonly (string | null)[] | null
  readonly childWatches: readonly (string | null)[] | null
  readonly persistentWatches: readonly (string | null)[] | null
  readonly persistentRecursiveWatches: readonly (string | null)[] | null
}

/** Writes a SetWatches2. */
export function writeSetWatches2(out: ByteWriter, value: SetWatches2): void {
  out.writeNumber(value.relativeZxid)
  writeVector(out, value.dataWatches, writeUstring)
  writeVector(out, value.existWatches, writeUstring)
  writeVector(out, value.childWatches, writeUstring)
  writeVector(out, value.persistentWatches, writeUstring)
  writeVector(out, value.persistentRecursiveWatches, writeUstring)
}

/** Reads a SetWatches2. */
export function readSetWatches2(input: ByteReader): SetWatches2 {
  return {
    relativeZxid: input.readNumber(),
    dataWatches: readVector(input, 4, readUstring),
    existWatches: readVector(input, 4, readUstring),
    childWatches: readVector(input, 4, readUstring),
    persistentWatches: readVector(input, 4, readUstring),
    persistentRecursiveWatches: readVector(input, 4, readUstring),
  }
}

/** A leftover of the protocol that no server answers. */
export interface GetMaxChildrenRequest {
  readonly path: string | null
}

/** Writes a GetMaxChildrenRequest. */
export function writeGetMaxChildrenRequest(out: ByteWriter, value: GetMaxChildrenRequest): void {
  out.writeString(value.path)
}

/** Reads a GetMaxChildrenRequest. */
export function readGetMaxChildrenRequest(input: ByteReader): GetMaxChildrenRequest {
  return {
    path: input.readString(),
  }
}

/** A leftover of the protocol that no server answers. */
export interface SetMaxChildrenRequest {
  readonly path: string | null
  readonly max: number
}

/** Writes a SetMaxChildrenRequest. */
export function writeSetMaxChildrenRequest(out: ByteWriter, value: SetMaxChildrenRequest): void {
  out.writeString(value.path)
  out.writeInt(value.max)
}

/** Reads a SetMaxChildrenRequest. */
export function readSetMaxChildrenRequest(input: ByteReader): SetMaxChildrenRequest {
  return {
    path: input.readString(),
    max: input.readInt(),
  }
}
