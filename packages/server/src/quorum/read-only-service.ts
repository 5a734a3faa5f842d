// Serves clients that can do with reading while a member looks for a leader in vain: what it shows may be old, and it changes
// nothing. It ends as soon as the member has a role again.

import { LocalSessions } from '../pipeline/local-sessions.ts'
import { ReadOnlyPath } from '../pipeline/read-only-path.ts'
import { ServingStack } from '../serving-stack.ts'
import { type RoleParts, stackPartsOf } from './role-parts.ts'

export class ReadOnlyService {
  private readonly parts: RoleParts
  private readonly stack: ServingStack<ReadOnlyPath>

  constructor(parts: RoleParts) {
    this.parts = parts
    const { config, runtime, logger, metrics, front } = parts
    this.stack = new ServingStack({
      ...stackPartsOf(parts),
      authority: null,
      local: new LocalSessions({
        tickMs: config.tickTimeMs,
        clock: runtime.clock,
        timers: runtime.timers,
        logger,
        ephemerals: 'pass',
        onExpired: () => {
          metrics.sessions.expired++
        },
      }),
      isReadOnly: true,
      outstandingLimit: config.globalOutstandingLimit,
      syncsOf: (path) => path,
      makeWrites: (commits) => new ReadOnlyPath(commits, runtime.clock),
    })
    logger.info('Serving read-only clients')
    front.serve(this.stack, 'read-only')
  }

  stop(): void {
    const { front } = this.parts
    front.stopServing()
    this.stack.clients.stop()
    this.stack.sessions.stop()
    front.closeConnections()
  }
}
