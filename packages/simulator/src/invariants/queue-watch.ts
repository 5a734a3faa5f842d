// A queue: what is in it goes only when a taker has said that its work is done, and nobody gets what another works on.

import type { TakenEntry } from '@tskeeper/recipes'
import type { NodeHistory } from './node-history.ts'
import { Violation } from './violation.ts'

export class QueueWatch {
  private readonly nodes: NodeHistory
  /** Entries that somebody has put in and was told so. */
  private readonly entries = new Set<string>()
  private readonly takers = new Map<string, { readonly who: string; readonly entry: TakenEntry }>()
  private readonly tokens = new Map<string, bigint>()
  /** Entries whose taker has asked for their end. */
  private readonly finishing = new Set<string>()
  private readonly finished = new Set<string>()

  constructor(nodes: NodeHistory) {
    this.nodes = nodes
    nodes.onDeleted = (path) => this.deleted(path)
  }

  put(path: string): void {
    this.entries.add(path)
  }

  taken(who: string, entry: TakenEntry): void {
    const { path, signal, fencingToken } = entry
    if (signal.aborted) return
    const taker = this.takers.get(path)
    if (taker !== undefined && !taker.entry.signal.aborted) {
      throw new Violation('entries have one taker', `${who} gets ${path} while ${taker.who} works on it`)
    }
    if (this.finished.has(path)) throw new Violation('entries have one taker', `${who} gets ${path}, which is done`)
    const token = this.tokens.get(path) ?? 0n
    if (fencingToken <= token) {
      throw new Violation('fencing tokens grow', `${who} gets ${path} with the token ${fencingToken}, after ${token}`)
    }
    this.tokens.set(path, fencingToken)
    this.takers.set(path, { who, entry })
  }

  /** The taker is about to say that the work is done. */
  finish(entry: TakenEntry): void {
    this.finishing.add(entry.path)
  }

  /** It was told that the entry is gone. */
  finishedBy(entry: TakenEntry): void {
    this.finished.add(entry.path)
    if (this.takers.get(entry.path)?.entry === entry) this.takers.delete(entry.path)
  }

  private deleted(path: string): void {
    if (!path.startsWith(`${QUEUE_PATH}/entries/`) || this.finishing.has(path)) return
    throw new Violation('no entry is lost', `${path} was deleted, and no taker has done it`)
  }

  /** What was put in is there, or somebody has done it. */
  checkNothingLost(): void {
    for (const path of this.entries) {
      if (this.nodes.exists(path) || this.finishing.has(path)) continue
      throw new Violation('no entry is lost', `${path} was put in, and nobody has done it`)
    }
  }
}

export const QUEUE_PATH = '/queue'
