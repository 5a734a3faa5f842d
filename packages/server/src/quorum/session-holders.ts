import type { QuorumLink } from './quorum-link.ts'

/**
 * Which of the servers behind one learner holds a session: an observer, by its link, or the learner itself, null. The leader sees one
 * learner for all of them and cannot tell that a session moves between them, so the learner does. What it does not know of is not here: a
 * session that never came over an observer.
 */
export class SessionHolders {
  private readonly holders = new Map<bigint, QuorumLink | null>()

  /** The session is created or taken up over this observer. */
  takenUp(sessionId: bigint, link: QuorumLink): void {
    this.holders.set(sessionId, link)
  }

  /** The learner itself takes the session up. */
  takenUpHere(sessionId: bigint): void {
    if (this.holders.has(sessionId)) this.holders.set(sessionId, null)
  }

  /** Has the session moved on from this observer? */
  hasMoved(sessionId: bigint, link: QuorumLink): boolean {
    const holder = this.holders.get(sessionId)
    return holder !== undefined && holder !== link
  }

  /** Does an observer hold the session? */
  isElsewhere(sessionId: bigint): boolean {
    return (this.holders.get(sessionId) ?? null) !== null
  }

  /** The session is over. */
  ended(sessionId: bigint): void {
    this.holders.delete(sessionId)
  }

  /** Nothing comes over this link any more, late or not. */
  linkClosed(link: QuorumLink): void {
    for (const [sessionId, holder] of this.holders) if (holder === link) this.holders.delete(sessionId)
  }
}
