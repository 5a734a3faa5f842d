// Changes the members of the ensemble, with a client of its own, and sees to it that all are back in the end.

import { isZooKeeperError, ZooKeeper } from '@tskeeper/client'
import { serverLine } from '../run/ensemble.ts'
import { SESSION_TIMEOUT_MS } from '../scenario/scenario.ts'
import type { Machine } from '../world/machine.ts'
import { machineClientRuntime } from '../world/machine-client-runtime.ts'
import type { VirtualNetwork } from '../world/virtual-network.ts'

/** How long a change may take before it is tried again. */
const DEADLINE_MS = 3000
const RETRY_INTERVAL_MS = 200

export interface AdministratorParts {
  readonly machine: Machine
  readonly network: VirtualNetwork
  readonly connectString: string
  readonly note: (who: string, what: string) => void
  readonly onError: (error: unknown) => void
}

export class Administrator {
  /** Every server is what it was in the beginning, as far as is known here. */
  isDone = true
  private readonly parts: AdministratorParts
  private readonly zk: ZooKeeper
  /** The server that is away, or about to come back; null for none. */
  private away: number | null = null

  constructor(parts: AdministratorParts) {
    this.parts = parts
    const { machine, network, connectString } = parts
    machine.boot()
    this.zk = new ZooKeeper(connectString, {
      runtime: machineClientRuntime(machine, network),
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      renewSession: true,
    })
  }

  start(): void {
    this.zk.connect().catch(() => {})
  }

  /**
   * The server leaves, or becomes an observer. Tried once: whether it succeeds depends on what else goes on. Not while another is away: two that have
   * left and start with their first files could be a majority of what those say.
   */
  sendAway(server: number, becomesObserver: boolean): void {
    if (this.away !== null) return
    this.away = server
    this.isDone = false
    const change = becomesObserver ? { joining: [`server.${server}=${serverLine(server, 'observer')}`] } : { leaving: [server] }
    this.reconfigure(change).catch((error: unknown) => this.failed(error))
  }

  /** The server votes again, if it was sent away. Tried until it does. */
  bringBack(server: number): void {
    if (this.away !== server) return
    const joining = [`server.${server}=${serverLine(server, 'participant')}`]
    this.reconfigure({ joining }).then(
      () => {
        this.away = null
        this.isDone = true
      },
      (error: unknown) => {
        this.failed(error)
        this.parts.machine.after(RETRY_INTERVAL_MS, () => this.bringBack(server))
      },
    )
  }

  private async reconfigure(change: { readonly joining: string[] } | { readonly leaving: number[] }): Promise<void> {
    const { stat } = await this.zk.reconfig({ ...change, deadlineMs: DEADLINE_MS })
    this.parts.note(this.parts.machine.name, `${JSON.stringify(change)}: version ${stat.mzxid.toString(16)}`)
  }

  private failed(error: unknown): void {
    if (!isZooKeeperError(error)) this.parts.onError(error)
    else this.parts.note(this.parts.machine.name, `a change of members failed: ${error.code}`)
  }
}
