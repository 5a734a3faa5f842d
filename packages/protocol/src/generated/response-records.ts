// Generated from the schema by `npm run generate`. Edit the schema instead.
// Bodies of replies, after a reply header without an error.

import type { ByteReader } from '../byte-reader.ts'
import type { ByteWriter } from '../byte-writer.ts'
import { readText, readVector, writeUstring, writeVector } from '../vector.ts'
import {
  type Acl,
  type ClientInfo,
  readAcl,
  readClientInfo,
  readStat,
  type Stat,
  writeAcl,
  writeClientInfo,
  writeStat,
} from './common-records.ts'

/** create. */
export interface CreateResponse {
  readonly path: string | null
}

/** Writes a CreateResponse. */
export function writeCreateResponse(out: ByteWriter, value: CreateResponse): void {
  out.writeString(value.path)
}

/** Reads a CreateResponse. */
export function readCreateResponse(input: ByteReader): CreateResponse {
  return {
    path: input.readString(),
  }
}

/** create2, createContainer and createTTL. */
export interface Create2Response {
  readonly path: string | null
  readonly stat: Stat
}

/** Writes a Create2Response. */
export function writeCreate2Response(out: ByteWriter, value: Create2Response): void {
  out.writeString(value.path)
  writeStat(out, value.stat)
}

/** Reads a Create2Response. */
export function readCreate2Response(input: ByteReader): Create2Response {
  return {
    path: input.readString(),
    stat: readStat(input),
  }
}

/** exists. */
export interface ExistsResponse {
  readonly stat: Stat
}

/** Bytes that an ExistsResponse takes. */
export const EXISTS_RESPONSE_SIZE = 68

/** Writes an ExistsResponse. */
export function writeExistsResponse(out: ByteWriter, value: ExistsResponse): void {
  writeStat(out, value.stat)
}

/** Reads an ExistsResponse. */
export function readExistsResponse(input: ByteReader): ExistsResponse {
  return {
    stat: readStat(input),
  }
}

/** getData; also reconfig, with the new configuration as data. */
export interface GetDataResponse {
  readonly data: Uint8Array | null
  readonly stat: Stat
}

/** Writes a GetDataResponse. */
export function writeGetDataResponse(out: ByteWriter, value: GetDataResponse): void {
  out.writeBuffer(value.data)
  writeStat(out, value.stat)
}

/** Reads a GetDataResponse. */
export function readGetDataResponse(input: ByteReader): GetDataResponse {
  return {
    data: input.readBuffer(),
    stat: readStat(input),
  }
}

/** setData. */
export interface SetDataResponse {
  readonly stat: Stat
}

/** Bytes that a SetDataResponse takes. */
export const SET_DATA_RESPONSE_SIZE = 68

/** Writes a SetDataResponse. */
export function writeSetDataResponse(out: ByteWriter, value: SetDataResponse): void {
  writeStat(out, value.stat)
}

/** Reads a SetDataResponse. */
export function readSetDataResponse(input: ByteReader): SetDataResponse {
  return {
    stat: readStat(input),
  }
}

/** getACL. */
export interface GetAclResponse {
  readonly acl: readonly Acl[] | null
  readonly stat: Stat
}

/** Writes a GetAclResponse. */
export function writeGetAclResponse(out: ByteWriter, value: GetAclResponse): void {
  writeVector(out, value.acl, writeAcl)
  writeStat(out, value.stat)
}

/** Reads a GetAclResponse. */
export function readGetAclResponse(input: ByteReader): GetAclResponse {
  return {
    acl: readVector(input, 12, readAcl),
    stat: readStat(input),
  }
}

/** setACL. */
export interface SetAclResponse {
  readonly stat: Stat
}

/** Bytes that a SetAclResponse takes. */
export const SET_ACL_RESPONSE_SIZE = 68

/** Writes a SetAclResponse. */
export function writeSetAclResponse(out: ByteWriter, value: SetAclResponse): void {
  writeStat(out, value.stat)
}

/** Reads a SetAclResponse. */
export function readSetAclResponse(input: ByteReader): SetAclResponse {
  return {
    stat: readStat(input),
  }
}

/** getChildren: names, not paths, in no order. */
export interface GetChildrenResponse {
  readonly children: readonly string[] | null
}

/** Writes a GetChildrenResponse. */
export function writeGetChildrenResponse(out: ByteWriter, value: GetChildrenResponse): void {
  writeVector(out, value.children, writeUstring)
}

/** Reads a GetChildrenResponse. */
export function readGetChildrenResponse(input: ByteReader): GetChildrenResponse {
  return {
    children: readVector(input, 4, readText),
  }
}

/** getChildren2: names, not paths, in no order. */
export interface GetChildren2Response {
  readonly children: readonly string[] | null
  readonly stat: Stat
}

/** Writes a GetChildren2Response. */
export function writeGetChildren2Response(out: ByteWriter, value: GetChildren2Response): void {
  writeVector(out, value.children, writeUstring)
  writeStat(out, value.stat)
}

/** Reads a GetChildren2Response. */
export function readGetChildren2Response(input: ByteReader): GetChildren2Response {
  return {
    children: readVector(input, 4, readText),
    stat: readStat(input),
  }
}

/** getAllChildrenNumber: descendants of any depth. */
export interface GetAllChildrenNumberResponse {
  readonly totalNumber: number
}

/** Bytes that a GetAllChildrenNumberResponse takes. */
export const GET_ALL_CHILDREN_NUMBER_RESPONSE_SIZE = 4

/** Writes a GetAllChildrenNumberResponse. */
export function writeGetAllChildrenNumberResponse(out: ByteWriter, value: GetAllChildrenNumberResponse): void {
  out.writeInt(value.totalNumber)
}

/** Reads a GetAllChildrenNumberResponse. */
export function readGetAllChildrenNumberResponse(input: ByteReader): GetAllChildrenNumberResponse {
  return {
    totalNumber: input.readInt(),
  }
}

/** getEphemerals: paths, in no order. */
export interface GetEphemeralsResponse {
  readonly ephemerals: readonly string[] | null
}

/** Writes a GetEphemeralsResponse. */
export function writeGetEphemeralsResponse(out: ByteWriter, value: GetEphemeralsResponse): void {
  writeVector(out, value.ephemerals, writeUstring)
}

/** Reads a GetEphemeralsResponse. */
export function readGetEphemeralsResponse(input: ByteReader): GetEphemeralsResponse {
  return {
    ephemerals: readVector(input, 4, readText),
  }
}

/** sync: the path of the request. */
export interface SyncResponse {
  readonly path: string | null
}

/** Writes a SyncResponse. */
export function writeSyncResponse(out: ByteWriter, value: SyncResponse): void {
  out.writeString(value.path)
}

/** Reads a SyncResponse. */
export function readSyncResponse(input: ByteReader): SyncResponse {
  return {
    path: input.readString(),
  }
}

/** whoAmI. */
export interface WhoAmIResponse {
  readonly clientInfo: readonly ClientInfo[] | null
}

/** Writes a WhoAmIResponse. */
export function writeWhoAmIResponse(out: ByteWriter, value: WhoAmIResponse): void {
  writeVector(out, value.clientInfo, writeClientInfo)
}

/** Reads a WhoAmIResponse. */
export function readWhoAmIResponse(input: ByteReader): WhoAmIResponse {
  return {
    clientInfo: readVector(input, 8, readClientInfo),
  }
}

/** A part of a multi that failed or was not tried; also the answer to addWatch, with 0. */
export interface ErrorResponse {
  /** See `ErrorCode`. */
  readonly err: number
}

/** Bytes that an ErrorResponse takes. */
export const ERROR_RESPONSE_SIZE = 4

/** Writes an ErrorResponse. */
export function writeErrorResponse(out: ByteWriter, value: ErrorResponse): void {
  out.writeInt(value.err)
}

/** Reads an ErrorResponse. */
export function readErrorResponse(input: ByteReader): ErrorResponse {
  return {
    err: input.readInt(),
  }
}

/** A leftover of the protocol that no server sends. */
export interface GetMaxChildrenResponse {
  readonly max: number
}

/** Bytes that a GetMaxChildrenResponse takes. */
export const GET_MAX_CHILDREN_RESPONSE_SIZE = 4

/** Writes a GetMaxChildrenResponse. */
export function writeGetMaxChildrenResponse(out: ByteWriter, value: GetMaxChildrenResponse): void {
  out.writeInt(value.max)
}

/** Reads a GetMaxChildrenResponse. */
export function readGetMaxChildrenResponse(input: ByteReader): GetMaxChildrenResponse {
  return {
    max: input.readInt(),
  }
}
