import { ByteWriter } from '@tskeeper/protocol'
import type { Connection } from './connection.ts'
import { type AbandonCode, type AnyRequest, RequestStatus } from './request.ts'
import { requestTooLarge, requestUnwritable } from './request-errors.ts'
import { RequestRing } from './request-ring.ts'

/** What stands before a request's body: xid and type. */
const HEADER_SIZE = 8

/** Requests that no connection has had yet, in the order of their calls. */
export class WaitingRequests {
  readonly #lengthMax: number
  #requests = new RequestRing()

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax
  }

  /** Keeps a request until there is a connection, as bytes: the caller's data may change meanwhile. */
  add(request: AnyRequest): void {
    const out = new ByteWriter()
    try {
      request.operation.encode(out, request)
    } catch (error) {
      return request.fail(requestUnwritable(request, error))
    }
    const length = out.position + HEADER_SIZE
    if (length > this.#lengthMax) return request.fail(requestTooLarge(request, length, this.#lengthMax))
    request.encoded = out.toBytes()
    this.#requests.push(request)
  }

  /** Gives all of them to a connection. */
  send(connection: Connection): void {
    for (const request of this.#take()) connection.send(request)
  }

  /** None of them will be sent. */
  abandon(code: AbandonCode, cause: Error | null): void {
    for (const request of this.#take()) request.abandon(code, false, cause)
  }

  /** Takes out all that somebody still waits for. What is added meanwhile stays. */
  *#take(): IterableIterator<AnyRequest> {
    const taken = this.#requests
    this.#requests = new RequestRing()
    for (let request = taken.shift(); request !== null; request = taken.shift()) {
      if (request.status !== RequestStatus.settled) yield request
    }
  }
}
