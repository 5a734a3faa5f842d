// The server's own parts, for what looks inside of a running server or breaks it on purpose: the simulator. Nothing here is an
// interface to build on.

export { ClientConnection } from './listener/client-connection.ts'
export { ContainerReaper } from './pipeline/container-reaper.ts'
export { LeaderPipeline } from './pipeline/leader-pipeline.ts'
export { LearnerPipeline } from './pipeline/learner-pipeline.ts'
export { ReadAnswers } from './pipeline/read-answers.ts'
export { SessionService } from './pipeline/session-service.ts'
export type { WriteBatch } from './pipeline/write-batch.ts'
export { WritePipeline } from './pipeline/write-pipeline.ts'
export { LeaderRole } from './quorum/leader-role.ts'
export { LearnerRole } from './quorum/learner-role.ts'
export { ObserverService } from './quorum/observer-service.ts'
export { SyncSender } from './quorum/sync-sender.ts'
export { TouchedSessions } from './quorum/touched-sessions.ts'
export { Replica } from './replica.ts'
export { TxnLog } from './storage/txn-log.ts'
export { TxnLogFileReader } from './storage/txn-log-file.ts'
