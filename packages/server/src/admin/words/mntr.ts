import { entryText, monitorEntries } from '../../metrics/monitor-entries.ts'
import { VERSION_TEXT } from '../../version.ts'
import { defineWord, type Word } from '../word.ts'

/**
 * All metrics, a key and a value with a tab between them:
 * ```
 * zk_version      3.9.5-tskeeper.0.1.0, built on 2026-11-20 00:00 UTC
 * zk_server_state standalone
 * zk_avg_latency  0.7013
 * ```
 */
export const mntr: Word = defineWord('mntr', 'all metrics', (view) => {
  const { mode, peerState, observerMasterId, metrics, readings } = view
  const entries = monitorEntries({ version: VERSION_TEXT, mode, peerState, observerMasterId, metrics, readings })
  return entries.map((entry) => `zk_${entry.name}\t${entryText(entry)}\n`).join('')
})
