/**
 * Who may send a session's writes: the server's own clients are `localOwner`, a leader's learners are
 * their connections. Owners are compared by identity only.
 */
export type SessionOwner = object

/** The owner of every session whose client is connected to this server itself. */
export const localOwner: SessionOwner = Object.freeze({ owner: 'local' })

/**
 * One client's session. A connection keeps its session, so that no request looks it up by id.
 * `Attachment` is what the server around the core keeps with it (the connection); the core never reads it.
 */
export class Session<Attachment extends object = object> {
  readonly id: bigint
  /** The timeout that the session was created with, which the log and the snapshots carry. A resume leaves it alone. */
  createdTimeoutMs: number
  /** The timeout in force: that of the connection which resumed the session last. */
  timeoutMs: number
  /** Only this server knows the session: no transaction tells of it, and a tracker of its own lets it expire. */
  isLocal = false
  /** True from the moment that its end is decided: nothing revives it then. */
  isClosing = false
  /** False once the session is out of the tracker. */
  isTracked = true
  /** Whose requests are accepted; null until the first one shows. */
  owner: SessionOwner | null = null
  attachment: Attachment | null = null

  /** When the session is due, in ticks of the tracker. Belongs to the tracker, as all the fields below. */
  expiryTick = 0
  /** The bucket that the session lies in; its tick is at most `expiryTick`. Null for a closing session. */
  bucket: ExpiryBucket<Attachment> | null = null
  /** Neighbours in the bucket, which is a linked list: to leave it costs the same wherever one stands. */
  previous: Session<Attachment> | null = null
  next: Session<Attachment> | null = null

  constructor(id: bigint, timeoutMs: number) {
    this.id = id
    this.createdTimeoutMs = timeoutMs
    this.timeoutMs = timeoutMs
  }
}

/** The sessions that are looked at together at the end of a tick. Belongs to the tracker. */
export class ExpiryBucket<Attachment extends object = object> {
  readonly tick: number
  first: Session<Attachment> | null = null
  last: Session<Attachment> | null = null

  constructor(tick: number) {
    this.tick = tick
  }

  append(session: Session<Attachment>): void {
    session.bucket = this
    session.previous = this.last
    session.next = null
    if (this.last === null) this.first = session
    else this.last.next = session
    this.last = session
  }

  unlink(session: Session<Attachment>): void {
    if (session.previous === null) this.first = session.next
    else session.previous.next = session.next
    if (session.next === null) this.last = session.previous
    else session.next.previous = session.previous
    session.bucket = null
    session.previous = null
    session.next = null
  }
}
