import { ByteReader, DecodeError, QuorumPacketType, quorumPacketName, readLearnerInfoData } from '@tskeeper/protocol/server'
import { assert } from '../lib/assert.ts'
import type { QuorumVerifier } from '../membership/quorum-verifier.ts'
import { LearnerState } from './learner-state.ts'
import type { SyncKind } from './learner-sync.ts'
import { SyncSlots } from './sync-slots.ts'
import { epochStart, hexZxid, isEpochStart } from './zxid.ts'

/** What an observer master tells its shell to do, in order; the calls are those of `LeaderEffects` of the same names. */
export interface ObserverMasterEffects<Link extends object> {
  sendLeaderInfo(link: Link, zxid: number): void
  /** As for a leader: `LearnerSync` on this server's own window, whose hand-over gives an observer what is committed and nothing else. */
  synchronise(link: Link, learnerZxid: number): void
  sendNewLeader(link: Link, zxid: number, config: QuorumVerifier): void
  sendUpToDate(link: Link): void
  sendPing(link: Link, zxid: number): void
  closeLink(link: Link, reason: string): void
}

/** What an observer master works with. */
export interface ObserverMasterOptions {
  /** The follower's epoch: that of its leader. */
  readonly epoch: number
  /** The follower's configurations, as they are at each moment. */
  readonly configs: { readonly committed: QuorumVerifier; readonly lastSeen: QuorumVerifier }
  readonly tickTimeMs: number
  readonly initLimitTicks: number
  readonly syncLimitTicks: number
  readonly snapshotSyncsMax: number
  readonly diffSyncsMax: number
}

/**
 * A follower that serves observers in the leader's place, so that the leader's links do not grow with them. It decides nothing: it passes on
 * what is committed. An observer sees the same packets as from a leader. It lives as long as the follower is synchronised.
 */
export class ObserverMaster<Link extends object> {
  private readonly options: ObserverMasterOptions
  private readonly effects: ObserverMasterEffects<Link>
  private readonly observers = new Map<Link, LearnerState>()
  private readonly slots: SyncSlots
  private observingLinks: Link[] = []
  private anonymousSid = 0
  private lastForwarded = 0

  constructor(options: ObserverMasterOptions, effects: ObserverMasterEffects<Link>) {
    this.options = options
    this.effects = effects
    this.slots = new SyncSlots(options.snapshotSyncsMax, options.diffSyncsMax)
  }

  /** Observers that get INFORM, or INFORMANDACTIVATE, of what the follower commits. */
  get observing(): readonly Link[] {
    return this.observingLinks
  }

  /** The observer at the other end, null while that is not known. */
  sidOf(link: Link): number | null {
    return this.observers.get(link)?.sid ?? null
  }

  linkOpened(link: Link): void {
    this.observers.set(link, new LearnerState(0))
  }

  linkClosed(link: Link): void {
    this.forget(link)
  }

  /** A packet; its data is `bytes[start, end)`. Returns true for a REQUEST, REVALIDATE or PING that the shell is to carry out. */
  packet(link: Link, type: number, zxid: number, bytes: Uint8Array, start: number, end: number): boolean {
    const observer = this.observers.get(link)
    if (observer === undefined) return false
    observer.silentBeats = 0
    if (observer.phase === 'broadcast') return this.livePacket(link, type, zxid)
    try {
      this.handshakePacket(link, observer, type, zxid, bytes, start, end)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.close(link, `its ${quorumPacketName(type)} cannot be read: ${error.message}`)
    }
    return false
  }

  /** A synchronisation of this kind is about to be sent. False: there are too many, and the link has been closed. */
  beginSync(link: Link, kind: SyncKind): boolean {
    const observer = this.observers.get(link)
    if (observer === undefined) return false
    assert(observer.phase === 'syncing', 'a synchronisation begins when the observer master asks for it')
    this.releaseSlot(observer)
    if (!this.slots.take(kind, false)) {
      this.close(link, `${this.slots.limit(kind)} observers are being synchronised already: this one is to try again`)
      return false
    }
    observer.slot = kind
    return true
  }

  /** Bytes of a synchronisation have left. */
  progressed(link: Link): void {
    const observer = this.observers.get(link)
    if (observer !== undefined) observer.silentBeats = 0
  }

  /** What the observer lacks is queued or about to be: INFORMs are queued behind it from now on. */
  handedOver(link: Link): void {
    const observer = this.observers.get(link)
    if (observer === undefined) return
    assert(observer.phase === 'syncing', 'an observer is handed over once, after its synchronisation was planned')
    observer.phase = 'filling'
    this.observingLinks.push(link)
  }

  /** The last byte of what the observer lacks is queued. */
  syncQueued(link: Link): void {
    const observer = this.observers.get(link)
    if (observer === undefined) return
    assert(observer.phase === 'filling', 'NEWLEADER comes once, after the hand-over')
    observer.phase = 'newLeader'
    observer.silentBeats = 0
    this.effects.sendNewLeader(link, epochStart(this.options.epoch), this.options.configs.lastSeen)
  }

  /** Everything up to `zxid` was passed on. */
  forwarded(zxid: number): void {
    this.lastForwarded = zxid
  }

  /** Half a tick has passed. */
  heartbeat(): void {
    for (const [link, observer] of this.observers) {
      observer.beat()
      const limitTicks = observer.phase === 'broadcast' ? this.options.syncLimitTicks : this.options.initLimitTicks
      if (observer.silentBeats > limitTicks * 2) {
        this.close(link, `it has been silent for ${(observer.silentBeats * this.options.tickTimeMs) / 2} ms`)
      } else if (observer.isPinged) this.effects.sendPing(link, this.lastForwarded)
    }
  }

  /** The follower's role ends: every observer has to look for another master. */
  stop(reason: string): void {
    for (const link of [...this.observers.keys()]) this.close(link, reason)
  }

  private handshakePacket(
    link: Link,
    observer: LearnerState,
    type: number,
    zxid: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (observer.phase === 'greeting') this.greeting(link, observer, type, bytes, start, end)
    else if (observer.phase === 'epochAck' && type === QuorumPacketType.ackEpoch) {
      observer.phase = 'syncing'
      this.effects.synchronise(link, zxid)
    } else if (observer.phase === 'newLeader' && type === QuorumPacketType.ack) this.acknowledged(link, observer, zxid)
    else this.close(link, `it sent ${quorumPacketName(type)} in the phase ${observer.phase}`)
  }

  private greeting(link: Link, observer: LearnerState, type: number, bytes: Uint8Array, start: number, end: number): void {
    if (type !== QuorumPacketType.observerInfo) {
      this.close(link, `its first packet is ${quorumPacketName(type)}, but only observers are served here`)
      return
    }
    const reader = new ByteReader(bytes)
    reader.position = start
    reader.end = Math.max(start, end)
    const info = readLearnerInfoData(reader)
    const { version } = this.options.configs.committed
    if (info.configVersion > version) {
      this.close(link, `it knows a newer configuration, ${hexZxid(info.configVersion)}, than ${hexZxid(version)}`)
      return
    }
    observer.sid = info.serverId ?? --this.anonymousSid
    observer.isObserver = true
    observer.phase = 'epochAck'
    this.effects.sendLeaderInfo(link, epochStart(this.options.epoch))
  }

  private acknowledged(link: Link, observer: LearnerState, zxid: number): void {
    if (zxid !== epochStart(this.options.epoch)) {
      this.close(link, `it acknowledged ${hexZxid(zxid)} instead of NEWLEADER ${hexZxid(epochStart(this.options.epoch))}`)
      return
    }
    this.releaseSlot(observer)
    observer.phase = 'broadcast'
    this.effects.sendUpToDate(link)
  }

  private livePacket(link: Link, type: number, zxid: number): boolean {
    if (type === QuorumPacketType.ack) {
      // The acknowledgement of UPTODATE has the zxid of the epoch's beginning; an observer sends no other.
      if (!isEpochStart(zxid)) this.close(link, `it acknowledged ${hexZxid(zxid)}, but observers acknowledge nothing`)
      return false
    }
    return type === QuorumPacketType.request || type === QuorumPacketType.revalidate || type === QuorumPacketType.ping
  }

  private releaseSlot(observer: LearnerState): void {
    if (observer.slot !== null) this.slots.release(observer.slot)
    observer.slot = null
  }

  private close(link: Link, reason: string): void {
    if (!this.observers.has(link)) return
    this.forget(link)
    this.effects.closeLink(link, reason)
  }

  private forget(link: Link): void {
    const observer = this.observers.get(link)
    if (observer === undefined) return
    this.releaseSlot(observer)
    this.observers.delete(link)
    this.observingLinks = this.observingLinks.filter((other) => other !== link)
  }
}
