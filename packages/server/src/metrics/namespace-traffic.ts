import { SummarySet } from './keyed-set.ts'
import type { Summary } from './summary.ts'

const SLASH = 0x2f

/**
 * Bytes of requests by namespace, which is the first name of a path. A request counts the length of its path plus
 * the data that it carries: written data for a write; for a read the data in the reply, and 68 bytes if it carries a Stat.
 */
export class NamespaceTraffic {
  readonly summaries: SummarySet = new SummarySet()
  /** The last namespace with its leading slash, and its summary: neighbouring requests are mostly in the same one. */
  private lastPrefix: string = ''
  private lastSummary: Summary | null = null

  /** Counts a request for the path; the root belongs to no namespace. */
  record(path: string, sizeBytes: number): void {
    if (path.length < 2) return
    const prefix = this.lastPrefix
    const isInside = path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === SLASH)
    const summary = isInside && this.lastSummary !== null ? this.lastSummary : this.find(path)
    summary.record(sizeBytes)
  }

  private find(path: string): Summary {
    const end = path.indexOf('/', 1)
    this.lastPrefix = end === -1 ? path : path.slice(0, end)
    this.lastSummary = this.summaries.get(this.lastPrefix.slice(1))
    return this.lastSummary
  }
}
