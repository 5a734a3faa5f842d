// Sinks that write down what a machine told its shell to do, one line an effect, in order.

import type { QuorumVerifier } from '../../src/membership/quorum-verifier.ts'
import type { LeaderEffects } from '../../src/zab/leader-effects.ts'
import type { LearnerEffects } from '../../src/zab/learner-effects.ts'
import type { SyncSink } from '../../src/zab/learner-sync.ts'

/** A link in tests of the leader: its name stands in the record. */
export interface NamedLink {
  readonly name: string
}

/** `epoch.counter` in hexadecimal. */
export function zxidText(zxid: number): string {
  if (zxid < 0) return String(zxid)
  return `${Math.floor(zxid / 4294967296)}.${(zxid % 4294967296).toString(16)}`
}

/** The effects of a learner, in order. `isMajor` is what a configuration that comes into force does. */
export class LearnerRecorder implements LearnerEffects {
  lines: string[] = []
  isMajor = false

  /** What was written since the last call. */
  take(): string[] {
    const { lines } = this
    this.lines = []
    return lines
  }

  sendLearnerInfo(zxid: number): void {
    this.lines.push(`send learnerInfo ${zxidText(zxid)}`)
  }
  persistAcceptedEpoch(epoch: number): void {
    this.lines.push(`persist acceptedEpoch ${epoch}`)
  }
  persistCurrentEpoch(epoch: number): void {
    this.lines.push(`persist currentEpoch ${epoch}`)
  }
  sendAckEpoch(lastZxid: number, epoch: number): void {
    this.lines.push(`send ackEpoch ${zxidText(lastZxid)} epoch ${epoch}`)
  }
  sendAck(zxid: number): void {
    this.lines.push(`send ack ${zxidText(zxid)}`)
  }
  acknowledge(afterZxid: number, lastZxid: number): void {
    this.lines.push(`send acks (${zxidText(afterZxid)}, ${zxidText(lastZxid)}]`)
  }
  loadSnapshot(zxid: number): void {
    this.lines.push(`load snapshot ${zxidText(zxid)}`)
  }
  truncateLog(zxid: number): void {
    this.lines.push(`truncate log ${zxidText(zxid)}`)
  }
  writeSnapshot(): void {
    this.lines.push('write snapshot')
  }
  flushLog(): void {
    this.lines.push('flush log')
  }
  beginSync(): void {
    this.lines.push('begin sync')
  }
  adoptLastSeen(bytes: Uint8Array, start: number, end: number): void {
    this.lines.push(`adopt last seen of ${bytes.subarray(start, end).length} bytes`)
  }
  adoptProposed(zxid: number): void {
    this.lines.push(`adopt proposed ${zxidText(zxid)}`)
  }
  activateProposed(zxid: number, designatedLeader: number): boolean {
    this.lines.push(`activate ${zxidText(zxid)} led by ${designatedLeader}`)
    return this.isMajor
  }
  activateLastSeen(): boolean {
    this.lines.push('activate last seen')
    return this.isMajor
  }
  receive(zxid: number, _bytes: Uint8Array, start: number, end: number): void {
    this.lines.push(`receive ${zxidText(zxid)} of ${end - start} bytes`)
  }
  log(zxid: number): void {
    this.lines.push(`log ${zxidText(zxid)}`)
  }
  apply(zxid: number): void {
    this.lines.push(`apply ${zxidText(zxid)}`)
  }
  skip(zxid: number): void {
    this.lines.push(`skip ${zxidText(zxid)}`)
  }
  serve(): void {
    this.lines.push('serve')
  }
  sendPingReply(zxid: number): void {
    this.lines.push(`send ping reply ${zxidText(zxid)}`)
  }
  releaseSync(): void {
    this.lines.push('release sync')
  }
  revalidated(sessionId: bigint, isValid: boolean): void {
    this.lines.push(`session ${sessionId.toString(16)} is ${isValid ? 'valid' : 'not valid'}`)
  }
  report(text: string): void {
    this.lines.push(`report: ${text}`)
  }
  leave(reason: string, isDatabaseBroken: boolean, exitStatus: number | null): void {
    const exit = exitStatus === null ? '' : `, exit ${exitStatus}`
    this.lines.push(`leave${isDatabaseBroken ? ', database broken' : ''}${exit}: ${reason}`)
  }
}

/** The effects of a leader, in order. */
export class LeaderRecorder implements LeaderEffects<NamedLink> {
  lines: string[] = []
  /** Called in place of a synchronisation. */
  onSynchronise: (link: NamedLink) => void = () => {}

  /** What was written since the last call. */
  take(): string[] {
    const { lines } = this
    this.lines = []
    return lines
  }

  persistAcceptedEpoch(epoch: number): void {
    this.lines.push(`persist acceptedEpoch ${epoch}`)
  }
  persistCurrentEpoch(epoch: number): void {
    this.lines.push(`persist currentEpoch ${epoch}`)
  }
  adoptLastSeen(config: QuorumVerifier): void {
    this.lines.push(`adopt last seen ${zxidText(config.version)}`)
  }
  sendLeaderInfo(link: NamedLink, zxid: number): void {
    this.lines.push(`${link.name} leaderInfo ${zxidText(zxid)}`)
  }
  synchronise(link: NamedLink, learnerZxid: number): void {
    this.lines.push(`${link.name} synchronise from ${zxidText(learnerZxid)}`)
    this.onSynchronise(link)
  }
  sendNewLeader(link: NamedLink, zxid: number, config: QuorumVerifier): void {
    this.lines.push(`${link.name} newLeader ${zxidText(zxid)} version ${zxidText(config.version)}`)
  }
  sendUpToDate(link: NamedLink): void {
    this.lines.push(`${link.name} upToDate`)
  }
  sendPing(link: NamedLink, zxid: number): void {
    this.lines.push(`${link.name} ping ${zxidText(zxid)}`)
  }
  activate(config: QuorumVerifier, designatedLeader: number): void {
    this.lines.push(`activate ${zxidText(config.version)} led by ${designatedLeader}`)
  }
  established(zxid: number): void {
    this.lines.push(`established ${zxidText(zxid)}`)
  }
  commit(zxid: number): void {
    this.lines.push(`commit ${zxidText(zxid)}`)
  }
  commitReconfig(zxid: number, config: QuorumVerifier, designatedLeader: number): void {
    this.lines.push(`commit reconfig ${zxidText(zxid)} to voters ${[...config.voters].join()} led by ${designatedLeader}`)
  }
  answerSync(link: NamedLink): void {
    this.lines.push(`${link.name} sync`)
  }
  report(text: string): void {
    this.lines.push(`report: ${text}`)
  }
  closeLink(link: NamedLink, reason: string): void {
    this.lines.push(`${link.name} closed: ${reason}`)
  }
  resign(reason: string): void {
    this.lines.push(`resign: ${reason}`)
  }
}

/** The packets of a synchronisation, in order. */
export class SyncRecorder implements SyncSink {
  lines: string[] = []

  begin(kind: string, zxid: number): void {
    this.lines.push(`${kind} ${zxidText(zxid)}`)
  }
  committed(zxid: number): void {
    this.lines.push(`committed ${zxidText(zxid)}`)
  }
  proposed(zxid: number): void {
    this.lines.push(`proposed ${zxidText(zxid)}`)
  }
  discard(): void {
    this.lines = []
  }
}
