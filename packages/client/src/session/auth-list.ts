import { Op, Xid } from '@tskeeper/protocol'
import { encodeText } from '../data.ts'
import type { ZooKeeperError } from '../errors.ts'
import { badArguments } from '../operations/arguments.ts'
import type { AuthCredentials } from '../options.ts'
import type { Connection } from './connection.ts'

/** A credential, and who waits to hear that a server took it. */
interface Entry {
  readonly scheme: string
  readonly auth: Uint8Array
  readonly waiters: { readonly resolve: () => void; readonly reject: (error: Error) => void }[]
}

/**
 * The identities of a client. Servers keep them for a connection only, so each new connection presents them all,
 * in their order, before any request.
 */
export class AuthList {
  readonly #entries: Entry[] = []
  /** Presented on the current connection and not answered; answers come in order. */
  #unanswered: Entry[] = []
  #accepted: (() => void) | null = null

  constructor(credentials: readonly AuthCredentials[]) {
    for (const each of credentials) this.#entries.push(entryOf(each))
  }

  /** Presents everything on a new connection; `accepted` is called once the server has taken it all. */
  present(connection: Connection, accepted: () => void): void {
    this.#unanswered = []
    this.#accepted = accepted
    for (const entry of this.#entries) this.#send(connection, entry)
    this.#tellIfAccepted()
  }

  /** Adds a credential and presents it now if there is a connection, else when there is one. Settles with the server's answer. */
  add(credentials: AuthCredentials, connection: Connection | null): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = entryOf(credentials)
      entry.waiters.push({ resolve, reject })
      this.#entries.push(entry)
      if (connection !== null) this.#send(connection, entry)
    })
  }

  /** A server answered. False: it refused. */
  answer(wireCode: number): boolean {
    const entry = this.#unanswered.shift()
    if (wireCode !== 0) return false
    for (const waiter of entry?.waiters.splice(0) ?? []) waiter.resolve()
    this.#tellIfAccepted()
    return true
  }

  /** Nobody will answer any more. */
  failAll(error: ZooKeeperError): void {
    for (const entry of this.#entries) for (const waiter of entry.waiters.splice(0)) waiter.reject(error)
  }

  #tellIfAccepted(): void {
    const accepted = this.#accepted
    if (accepted === null || this.#unanswered.length > 0) return
    this.#accepted = null
    accepted()
  }

  #send(connection: Connection, entry: Entry): void {
    this.#unanswered.push(entry)
    connection.sendSpecial(Xid.auth, Op.auth, (out) => {
      out.writeInt(0)
      out.writeString(entry.scheme)
      out.writeBuffer(entry.auth)
    })
  }
}

/** Throws for what cannot be presented: on a connection it would be too late to say so. */
function entryOf({ scheme, auth }: AuthCredentials): Entry {
  if (typeof scheme !== 'string' || scheme === '') {
    throw badArguments(null, `the scheme of credentials must be a name such as "digest" and not ${JSON.stringify(scheme)}`)
  }
  if (typeof auth === 'string') return { scheme, auth: encodeText(auth), waiters: [] }
  // A copy: the caller may use its array for something else before the next connection.
  if (auth instanceof Uint8Array) return { scheme, auth: Uint8Array.from(auth), waiters: [] }
  throw badArguments(null, `the credentials for scheme ${scheme} must be a string or a Uint8Array and not ${typeof auth}`)
}
