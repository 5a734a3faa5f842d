import { utf8Bytes } from '@tskeeper/protocol/server'
import type { NamespaceTraffic } from '../../src/metrics/namespace-traffic.ts'

/** Counts a request for a path that is given as text. */
export function recordTraffic(traffic: NamespaceTraffic, path: string, sizeBytes: number): void {
  const bytes = utf8Bytes(path)
  traffic.record(bytes, 0, bytes.length, sizeBytes)
}
