// The load generator as a library, for suites that need load whose every reply is verified.

export { LatencyHistogram, type LatencySummary } from './load/histogram.ts'
export { type LoadOptions, parseLoadOptions } from './load/load-options.ts'
export { type LoadReport, loadLine, runLoad } from './load/load-run.ts'
export { type ServerAddress, SocketTransport } from './load/socket-transport.ts'
export { Violation, type ViolationKind } from './load/violation.ts'
