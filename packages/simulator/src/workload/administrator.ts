// Changes the members of the ensemble, with a client of its own, and sees to it that all are back in the end.

import { isZooKeeperError, ZooKeeper } from '@tskeeper/client'
import { serverLine } from '../run/ensemble.ts'
import { type Scenario, SESSION_TIMEOUT_MS } from '../scenario/scenario.ts'
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
  readonly scenario: Scenario
  readonly note: (who: string, what: string) => void
  readonly onError: (error: unknown) => void
}

type Change = { readonly joining: string[] } | { readonly leaving: number[] } | { readonly members: string[] }

function memberLine(id: number, role: 'participant' | 'observer'): string {
  return `server.${id}=${serverLine(id, role)}`
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
    this.reconfigure(this.changeTo(server, becomesObserver ? 'observer' : null)).catch((error: unknown) => this.failed(error))
  }

  /** The server votes again, if it was sent away. Tried until it does. */
  bringBack(server: number): void {
    if (this.away !== server) return
    this.reconfigure(this.changeTo(server, 'participant')).then(
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

  /** What to ask for so that the server gets this role, null for none; told as the change, or as all members. */
  private changeTo(server: number, role: 'participant' | 'observer' | null): Change {
    const { voterCount, observerCount, traits } = this.parts.scenario
    if (!traits.areMembersListed) return role === null ? { leaving: [server] } : { joining: [memberLine(server, role)] }
    const members: string[] = []
    for (let id = 1; id <= voterCount + observerCount; id++) {
      const usual = id > voterCount ? 'observer' : 'participant'
      const own = id === server ? role : usual
      if (own !== null) members.push(memberLine(id, own))
    }
    return { members }
  }

  private async reconfigure(change: Change): Promise<void> {
    const { stat } = await this.zk.reconfig({ ...change, deadlineMs: DEADLINE_MS })
    this.parts.note(this.parts.machine.name, `${JSON.stringify(change)}: version ${stat.mzxid.toString(16)}`)
  }

  private failed(error: unknown): void {
    if (!isZooKeeperError(error)) this.parts.onError(error)
    else this.parts.note(this.parts.machine.name, `a change of members failed: ${error.code}`)
  }
}
