// Exclusive locks: nobody gets one while another believes to have it, and tokens only grow.

import type { Lease } from '@tskeeper/recipes'
import { Violation } from './violation.ts'

export class LockWatch {
  private readonly holders = new Map<string, { readonly who: string; readonly lease: Lease }>()
  private readonly tokens = new Map<string, bigint>()

  granted(who: string, path: string, lease: Lease): void {
    if (lease.signal.aborted) return
    const holder = this.holders.get(path)
    if (holder !== undefined && !holder.lease.signal.aborted) {
      throw new Violation('exclusive locks', `${who} gets ${path} while ${holder.who} has it`)
    }
    const token = this.tokens.get(path) ?? 0n
    if (lease.fencingToken <= token) {
      throw new Violation('fencing tokens grow', `${who} gets ${path} with the token ${lease.fencingToken}, after ${token}`)
    }
    this.tokens.set(path, lease.fencingToken)
    this.holders.set(path, { who, lease })
  }

  /** To be called before the lease is given back. */
  released(path: string, lease: Lease): void {
    if (this.holders.get(path)?.lease === lease) this.holders.delete(path)
  }
}
