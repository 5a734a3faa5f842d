import { ConfigError, makeQuorumVerifier, parseMembershipText, type QuorumVerifier } from '@tskeeper/core'
import { ByteReader, DecodeError, utf8Read } from '@tskeeper/protocol/server'
import type { RoleMembership } from './role-parts.ts'

/** Bytes of a transaction's header. */
const TXN_HEADER_SIZE = 32

/** The configurations that a leader proposes to a learner: kept durably when they come, and found again when they come into force. */
export class ProposedConfigs {
  private readonly membership: RoleMembership
  private readonly isMultiAddressEnabled: boolean
  private readonly byZxid = new Map<number, QuorumVerifier>()

  constructor(membership: RoleMembership, isMultiAddressEnabled: boolean) {
    this.membership = membership
    this.isMultiAddressEnabled = isMultiAddressEnabled
  }

  /**
   * A configuration as text, from NEWLEADER: the last one in the leader's history, but for those that it has proposed since. What an earlier leader
   * proposed beyond that is not in this history, and went with its transaction; if it had a quorum, this leader would know it. To keep it
   * would be to wait for servers, in elections and as a leader, that nobody else knows of.
   */
  keepText(bytes: Uint8Array, start: number, end: number): QuorumVerifier {
    const config = this.parse(bytes, start, end)
    this.keep(config)
    let newest = config
    for (const proposed of this.byZxid.values()) if (proposed.version > newest.version) newest = proposed
    this.membership.dropProposed(newest)
    return config
  }

  /** The transaction `bytes[start, end)` proposes a configuration: its record is that of a setData, path, data, version. */
  keepTransaction(zxid: number, bytes: Uint8Array, start: number, end: number): void {
    const reader = new ByteReader(bytes)
    reader.position = start + TXN_HEADER_SIZE
    reader.end = end
    reader.readSlice()
    reader.readSlice()
    const config = this.parse(bytes, reader.sliceStart, reader.sliceStart + Math.max(reader.sliceLength, 0))
    this.byZxid.set(zxid, config)
    this.keep(config)
  }

  /** The configuration of that transaction comes into force; null if there was none. */
  take(zxid: number): QuorumVerifier | null {
    const config = this.byZxid.get(zxid) ?? null
    this.byZxid.delete(zxid)
    return config
  }

  /** Throws `DecodeError` for what is no configuration here: the link closes, as for all other bytes that cannot be read. */
  private parse(bytes: Uint8Array, start: number, end: number): QuorumVerifier {
    try {
      return makeQuorumVerifier(parseMembershipText(utf8Read(bytes, start, end), this.isMultiAddressEnabled))
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      throw new DecodeError(`a configuration that is none here: ${error.message}`, start)
    }
  }

  private keep(config: QuorumVerifier): void {
    if (config.version > this.membership.lastSeen.version) this.membership.keepProposed(config)
  }
}
