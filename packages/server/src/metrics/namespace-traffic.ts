// Bytes of requests by namespace, which is the first name of a path. This stands on the path of every read and write, so
// it makes no string: a path is compared, as bytes, with the namespace of the request before, then with the known ones by hash.
// Only a namespace that was never seen becomes a string, and there is a limit to how many are kept.

import { utf8Read } from '@tskeeper/protocol/server'
import { OVERFLOW_KEY, SET_KEYS_MAX, SummarySet } from './keyed-set.ts'
import type { Summary } from './summary.ts'

const SLASH = 0x2f

class Namespace {
  /** As a path has it, with the leading slash. */
  readonly prefix: Uint8Array
  readonly summary: Summary
  /** Another one with the same hash. */
  readonly next: Namespace | null

  constructor(prefix: Uint8Array, summary: Summary, next: Namespace | null) {
    this.prefix = prefix
    this.summary = summary
    this.next = next
  }
}

/** A request counts the length of its path plus the data that it carries; for a read also the Stat, if the reply has one. */
export class NamespaceTraffic {
  readonly summaries: SummarySet = new SummarySet()
  private readonly known: Map<number, Namespace> = new Map()
  private knownCount = 0
  /** Neighbouring requests are mostly in the same namespace. */
  private last: Namespace = NO_NAMESPACE

  /** Counts a request for the path `bytes[start, start + length)`; the root belongs to no namespace. */
  record(bytes: Uint8Array, start: number, length: number, sizeBytes: number): void {
    if (length < 2) return
    const { last } = this
    if (isInside(last.prefix, bytes, start, length)) last.summary.record(sizeBytes)
    else this.find(bytes, start, length).record(sizeBytes)
  }

  private find(bytes: Uint8Array, start: number, length: number): Summary {
    let end = start + 1
    let hash = 0
    while (end < start + length && bytes[end] !== SLASH) hash = (Math.imul(hash, 31) + (bytes[end++] as number)) | 0
    for (let namespace = this.known.get(hash) ?? null; namespace !== null; namespace = namespace.next) {
      if (!isInside(namespace.prefix, bytes, start, length)) continue
      this.last = namespace
      return namespace.summary
    }
    if (this.knownCount >= SET_KEYS_MAX) return this.summaries.get(OVERFLOW_KEY)
    const prefix = new Uint8Array(end - start)
    prefix.set(bytes.subarray(start, end))
    const summary = this.summaries.get(utf8Read(bytes, start + 1, end))
    this.last = new Namespace(prefix, summary, this.known.get(hash) ?? null)
    this.known.set(hash, this.last)
    this.knownCount++
    return summary
  }
}

function isInside(prefix: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  const end = prefix.length
  if (length < end || (length > end && bytes[start + end] !== SLASH)) return false
  for (let i = 1; i < end; i++) if (bytes[start + i] !== prefix[i]) return false
  return true
}

/** Before the first request: no path has a NUL, so none is inside. */
const NO_NAMESPACE = new Namespace(Uint8Array.of(SLASH, 0), new SummarySet().get(OVERFLOW_KEY), null)
