// A follower that feeds observers in the leader's place: it brings them up to date from its own history, passes on what the leader
// commits, and carries their requests and questions to the leader.

import { ObserverMaster, type ObserverMasterEffects, type QuorumVerifier } from '@tskeeper/core'
import { ByteReader, ByteWriter, Op, type QuorumPacketSpan, QuorumPacketType } from '@tskeeper/protocol/server'
import { hex } from '../pipeline/hex.ts'
import type { Listener, NetworkConnection } from '../runtime/network.ts'
import {
  writeInform,
  writeLeaderInfo,
  writeNewLeader,
  writePing,
  writeSyncAnswer,
  writeUpToDate,
  writeValidity,
} from './master-packets.ts'
import { type LinkHost, QuorumLink } from './quorum-link.ts'
import type { RoleParts } from './role-parts.ts'
import { SessionHolders } from './session-holders.ts'
import { beginSynchronisation } from './sync-sender.ts'

/** Of a touched session: long id, int timeout. */
const TOUCH_SIZE = 12
/** A transaction's header, and where it has the type. The session is at its beginning. */
const HEADER_SIZE = 32
const TYPE_OFFSET = 28
const BACKLOG = 10

/** The follower, as its observers need it. */
export interface ObserverUpstream {
  /** Sends an observer's packet on to the leader as it is. */
  forward(packet: Uint8Array): void
  /** A sync was forwarded: calls `released` when the leader has answered it. */
  awaitSync(released: () => void): void
  /** A question about a session was forwarded: calls `answered` with the answer. */
  awaitRevalidation(sessionId: bigint, answered: (isValid: boolean) => void): void
  /** A client of an observer was heard of. */
  touched(sessionId: bigint, timeoutMs: number): void
  /** A session moves to an observer: the follower takes nothing more of it from a client of its own. */
  movedAway(sessionId: bigint): void
}

export class ObserverService implements LinkHost, ObserverMasterEffects<QuorumLink> {
  private readonly parts: RoleParts
  private readonly upstream: ObserverUpstream
  private readonly master: ObserverMaster<QuorumLink>
  private readonly links = new Set<QuorumLink>()
  private readonly sessions = new SessionHolders()
  private readonly shared = new ByteWriter(4096)
  private readonly listeners: Listener[]

  constructor(parts: RoleParts, upstream: ObserverUpstream, epoch: number, port: number) {
    this.parts = parts
    this.upstream = upstream
    const { config, membership, runtime, logger, serverId } = parts
    this.master = new ObserverMaster<QuorumLink>(
      {
        epoch,
        configs: membership,
        tickTimeMs: config.tickTimeMs,
        initLimitTicks: config.initLimit,
        syncLimitTicks: config.syncLimit,
        snapshotSyncsMax: config.quorum.snapshotSyncsMax,
        diffSyncsMax: config.quorum.diffSyncsMax,
      },
      this,
    )
    const hosts = membership.committed.member(serverId)?.addresses.map(({ host }) => host) ?? []
    this.listeners = hosts.map((host) =>
      runtime.network.listen(
        { host: config.quorum.listensOnAllAddresses ? '' : host, port, backlog: BACKLOG, keepAlive: false },
        (connection) => this.accept(connection),
        (error) => {
          if (error === null) logger.info(`Observers are served on ${host}:${port}`)
          else logger.error(`Cannot listen for observers on ${host}:${port}`, { error })
        },
      ),
    )
  }

  private accept(connection: NetworkConnection): void {
    const { config, runtime } = this.parts
    const link = new QuorumLink(connection, this, runtime.timers, config.juteMaxBuffer + config.juteMaxBufferExtraSize)
    this.links.add(link)
    this.master.linkOpened(link)
  }

  heartbeat(): void {
    this.master.heartbeat()
  }

  /** The follower applies this transaction: the observers are told. `designatedLeader` is not null for a reconfiguration. */
  inform(zxid: number, designatedLeader: number | null, bytes: Uint8Array, start: number, end: number): void {
    const { observing } = this.master
    this.master.forwarded(zxid)
    this.forgetEnded(bytes, start)
    if (observing.length === 0) return
    const { shared } = this
    shared.reset()
    writeInform(shared, zxid, designatedLeader, bytes, start, end)
    const packet = shared.written()
    for (const link of observing) {
      link.out.writeBytes(packet)
      link.flushLater()
    }
  }

  private forgetEnded(bytes: Uint8Array, start: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, HEADER_SIZE)
    if (view.getInt32(TYPE_OFFSET) === Op.closeSession) this.sessions.ended(view.getBigInt64(0))
  }

  /** A client of the follower itself takes this session up. */
  takenUpHere(sessionId: bigint): void {
    this.sessions.takenUpHere(sessionId)
  }

  /** Does one of the observers hold this session? */
  holds(sessionId: bigint): boolean {
    return this.sessions.isElsewhere(sessionId)
  }

  stop(): void {
    for (const listener of this.listeners) listener.close(() => {})
    for (const link of this.links) link.close()
    this.links.clear()
  }

  // --- LinkHost --------------------------------------------------------------------------------

  linkPacket(link: QuorumLink, packet: QuorumPacketSpan, bytes: Uint8Array, view: DataView): void {
    const { type, zxid, dataStart, dataLength, end } = packet
    const dataEnd = dataStart + Math.max(dataLength, 0)
    if (!this.master.packet(link, type, zxid, bytes, dataStart, dataEnd)) return
    const reader = new ByteReader(bytes)
    reader.reset(bytes, view, dataStart, dataEnd)
    if (type === QuorumPacketType.ping) {
      this.touched(link, reader)
      return
    }
    if (type === QuorumPacketType.revalidate) this.awaitRevalidation(link, reader.readLong(), zxid)
    else if (!this.admits(link, reader)) return
    this.upstream.forward(bytes.subarray(packet.start, end))
  }

  private touched(link: QuorumLink, reader: ByteReader): void {
    while (reader.remaining() >= TOUCH_SIZE) {
      const sessionId = reader.readLong()
      const timeoutMs = reader.readInt()
      if (!this.sessions.hasMoved(sessionId, link)) this.upstream.touched(sessionId, timeoutMs)
    }
  }

  /**
   * May the request be forwarded, whose data begin at the reader's place: long session, int cxid, int operation, record? One of a session that
   * has moved on would be carried out after what the session has asked since. Each request that an observer has sent must get a transaction, and
   * only the leader can give it one that refuses it, so that the observer has to begin anew.
   */
  private admits(link: QuorumLink, reader: ByteReader): boolean {
    const sessionId = reader.readLong()
    reader.readInt()
    const op = reader.readInt()
    if (this.sessions.hasMoved(sessionId, link)) {
      this.master.linkClosed(link)
      this.closeLink(link, `it sends a request of the session 0x${hex(sessionId)}, which has moved to another server`)
      return false
    }
    if (op === Op.createSession) this.sessions.takenUp(sessionId, link)
    else if (op === Op.sync) this.upstream.awaitSync(() => this.releaseSync(link))
    return true
  }

  private awaitRevalidation(link: QuorumLink, sessionId: bigint, zxid: number): void {
    this.sessions.takenUp(sessionId, link)
    this.upstream.movedAway(sessionId)
    this.upstream.awaitRevalidation(sessionId, (isValid) => {
      if (!link.isOpen) return
      writeValidity(link.out, zxid, sessionId, isValid)
      link.flushLater()
    })
  }

  private releaseSync(link: QuorumLink): void {
    if (!link.isOpen) return
    writeSyncAnswer(link.out)
    link.flushLater()
  }

  linkChunkDone(): void {}

  linkRaw(): number {
    return 0
  }

  linkClosed(link: QuorumLink, reason: string): void {
    this.parts.logger.warn(`The link to the observer ${this.master.sidOf(link) ?? link.name} is gone: ${reason}`)
    this.links.delete(link)
    this.sessions.linkClosed(link)
    this.master.linkClosed(link)
  }

  // --- ObserverMasterEffects -------------------------------------------------------------------

  sendLeaderInfo(link: QuorumLink, zxid: number): void {
    writeLeaderInfo(link.out, zxid)
    link.flushLater()
  }

  synchronise(link: QuorumLink, learnerZxid: number): void {
    beginSynchronisation(this.parts, this.master, link, learnerZxid, false)
  }

  sendNewLeader(link: QuorumLink, zxid: number, config: QuorumVerifier): void {
    writeNewLeader(link.out, zxid, config)
    link.flushLater()
  }

  sendUpToDate(link: QuorumLink): void {
    writeUpToDate(link.out)
    link.flushLater()
  }

  sendPing(link: QuorumLink, zxid: number): void {
    writePing(link.out, zxid)
    link.flushLater()
  }

  closeLink(link: QuorumLink, reason: string): void {
    this.parts.logger.warn(`Closing the link to the observer ${link.name}: ${reason}`)
    this.links.delete(link)
    this.sessions.linkClosed(link)
    link.close()
  }
}
