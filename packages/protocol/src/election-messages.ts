// The bytes on the links of an election: a handshake from the side that dials, then votes both ways.

import { type ByteReader, DecodeError } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { utf8Length, utf8Read, utf8Write } from './utf8.ts'

/** What a server does, as its votes tell it. */
export const PeerState = {
  looking: 0,
  following: 1,
  leading: 2,
  observing: 3,
} as const

/** A state that exists. */
export type PeerState = (typeof PeerState)[keyof typeof PeerState]

/** First number of a handshake that announces one address; the form that every server understands. */
export const ELECTION_PROTOCOL_VERSION = -65536
/** First number of a handshake that announces several addresses; only sent when they are switched on. */
export const ELECTION_PROTOCOL_VERSION_MULTI_ADDRESS = -65535
/** 2^63 - 1 as a double: the id of an observer that has none of its own. */
export const ANONYMOUS_OBSERVER_ID: number = 2 ** 63
/** -2^63: leader, zxid and epoch in the votes of servers that cannot become leader. */
export const NO_VOTE: number = -(2 ** 63)
/** Largest payload of a vote that is accepted, in bytes. */
export const ELECTION_PAYLOAD_MAX = 524288
/** Version of the notifications that carry a configuration. */
export const NOTIFICATION_VERSION = 2

const ADDRESS_LENGTH_MAX = 2048
const HANDSHAKE_SIZE_MIN = 20

/** Where a server can be dialled for an election. */
export interface ElectionAddress {
  /** Name or IP literal, without brackets. */
  readonly host: string
  readonly port: number
}

/** Who dials, and where it can be dialled itself. */
export interface ElectionHandshake {
  readonly serverId: number
  /** Without wildcards; empty when none was announced. */
  readonly addresses: readonly ElectionAddress[]
  /** Bytes that the handshake took. */
  readonly size: number
}

/** Writes the handshake. It has to leave in one segment: some servers read its address with a single call. */
export function writeElectionHandshake(
  out: ByteWriter,
  serverId: number,
  addresses: readonly ElectionAddress[],
  isMultiAddressEnabled: boolean,
): void {
  out.writeNumber(isMultiAddressEnabled ? ELECTION_PROTOCOL_VERSION_MULTI_ADDRESS : ELECTION_PROTOCOL_VERSION)
  out.writeNumber(serverId)
  out.writeString((isMultiAddressEnabled ? addresses : addresses.slice(0, 1)).map(addressText).join('|'))
}

/** Reads a handshake at the reader's position; null when bytes are missing. Throws a `DecodeError` for what is none. */
export function readElectionHandshake(input: ByteReader): ElectionHandshake | null {
  const start = input.position
  if (input.remaining() < 8) return null
  const version = input.readNumber()
  // Servers before 3.5 begin with their id and announce nothing.
  if (version >= 0) return { serverId: version, addresses: [], size: 8 }
  if (version !== ELECTION_PROTOCOL_VERSION && version !== ELECTION_PROTOCOL_VERSION_MULTI_ADDRESS) {
    throw new DecodeError(`an election handshake of version ${version}`, start)
  }
  if (input.remaining() < HANDSHAKE_SIZE_MIN - 8) return null
  const serverId = input.readNumber()
  const length = input.readInt()
  if (length <= 0 || length > ADDRESS_LENGTH_MAX) throw new DecodeError(`an election address of ${length} bytes`, start + 16)
  if (input.remaining() < length) return null
  const text = utf8Read(input.bytes, input.position, input.position + length)
  input.position += length
  const texts = version === ELECTION_PROTOCOL_VERSION_MULTI_ADDRESS ? text.split('|') : [text]
  const addresses = texts.map((one) => parseAddress(one, start + HANDSHAKE_SIZE_MIN))
  return { serverId, addresses: addresses.filter(({ host }) => !isWildcard(host)), size: input.position - start }
}

/** A vote, and what its sender does. */
export interface ElectionNotification {
  /** A `PeerState`, or a number that none has. */
  readonly state: number
  /** The server that is voted for, or `NO_VOTE`. */
  readonly leader: number
  /** Its last zxid; -1 from a server that does not trust its own data. */
  readonly zxid: number
  /** The round of the election. */
  readonly electionEpoch: number
  /** The current epoch of the server that is voted for. */
  readonly peerEpoch: number
  /** How much of this the sender's bytes had; below 2 there is no configuration. */
  readonly version: number
  /** The configuration that the sender knows to be agreed on, in its canonical form. */
  readonly config: string | null
}

/** Writes a notification of the current version with its length before it, as it goes over the link. */
export function writeElectionNotification(out: ByteWriter, notification: Omit<ElectionNotification, 'version'>): void {
  const config = notification.config ?? ''
  const configLength = utf8Length(config)
  out.writeInt(NOTIFICATION_SIZE + configLength)
  out.writeInt(notification.state)
  out.writeNumber(notification.leader)
  out.writeNumber(notification.zxid)
  out.writeNumber(notification.electionEpoch)
  out.writeNumber(notification.peerEpoch)
  out.writeInt(NOTIFICATION_VERSION)
  out.writeInt(configLength)
  out.ensure(configLength)
  utf8Write(config, out.bytes, out.position)
  out.position += configLength
}

/** Bytes of a notification without its configuration. */
const NOTIFICATION_SIZE = 44
/** Bytes of what servers before 3.4.6 and before 3.5 send. */
const NOTIFICATION_SIZE_WITHOUT_EPOCH = 28
const NOTIFICATION_SIZE_WITHOUT_VERSION = 40

const TWO_TO_32 = 4294967296

/** Reads a payload, which is all that the reader has left; null when it is to be ignored. */
export function readElectionNotification(input: ByteReader): ElectionNotification | null {
  const size = input.remaining()
  if (size < NOTIFICATION_SIZE_WITHOUT_EPOCH) return null
  const state = input.readInt()
  const leader = input.readNumber()
  const zxid = input.readNumber()
  const electionEpoch = input.readNumber()
  if (size === NOTIFICATION_SIZE_WITHOUT_EPOCH) {
    return { state, leader, zxid, electionEpoch, peerEpoch: Math.floor(zxid / TWO_TO_32), version: 0, config: null }
  }
  if (size < NOTIFICATION_SIZE_WITHOUT_VERSION) return null
  const peerEpoch = input.readNumber()
  // The last four bytes are not looked at: a version that says 1 or more would promise bytes that are not there.
  if (size === NOTIFICATION_SIZE_WITHOUT_VERSION) {
    return { state, leader, zxid, electionEpoch, peerEpoch, version: 0, config: null }
  }
  const version = input.readInt()
  if (version < 2) return { state, leader, zxid, electionEpoch, peerEpoch, version, config: null }
  const configLength = input.remaining() >= 4 ? input.readInt() : -1
  if (configLength < 0 || configLength > input.remaining()) return null
  const config = utf8Read(input.bytes, input.position, input.position + configLength)
  return { state, leader, zxid, electionEpoch, peerEpoch, version, config }
}

function addressText({ host, port }: ElectionAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function parseAddress(text: string, offset: number): ElectionAddress {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || port > 65535) throw new DecodeError(`an election address ${JSON.stringify(text)}`, offset)
  return { host, port }
}

/** Addresses that mean "all of mine": nobody can dial them. */
function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || /^[0:]+$/.test(host)
}
