// The state of the server, without (`srvr`) and with (`stat`) a line for each connection.

import { doubleText } from '../../metrics/number-text.ts'
import { VERSION_TEXT } from '../../version.ts'
import { bareHexText, hexText } from '../hex-text.ts'
import { remoteAddressText } from '../remote-address.ts'
import type { ConnectionView, ServerView } from '../server-view.ts'
import { defineWord, type Word } from '../word.ts'

/**
 * ```
 * Zookeeper version: 3.9.5-tskeeper.0.1.0, built on 2026-11-20 00:00 UTC
 * Latency min/avg/max: 0/1.2317/11
 * Received: 259
 * Sent: 262
 * Connections: 2
 * Outstanding: 0
 * Zxid: 0x70
 * Mode: standalone
 * Node count: 21
 * ```
 * A leader adds `Proposal sizes last/min/max: 92/48/92`.
 */
export const srvr: Word = defineWord('srvr', 'version, latency, packets, connections, zxid, mode, number of znodes', (view) =>
  [...versionLines(view), ...stateLines(view), ''].join('\n'),
)

/**
 * As `srvr`, with the connections after the version:
 * ```
 * Clients:
 *  /127.0.0.1:41680[1](queued=0,recved=8,sent=8)
 *
 * ```
 */
export const stat: Word = defineWord('stat', 'as `srvr`, and a line for each connection', (view) => {
  const clients = Array.from(view.connections(), (connection) => `${connectionStart(connection)})`)
  return [...versionLines(view), 'Clients:', ...clients, '', ...stateLines(view), ''].join('\n')
})

/** The start of a line about a connection, up to the fields that only a session has; the bracket stays open. */
export function connectionStart(connection: ConnectionView): string {
  const address = remoteAddressText(connection.remoteAddress, connection.remotePort)
  const counts = `queued=${connection.outstandingCount},recved=${connection.packetsReceived},sent=${connection.packetsSent}`
  return ` ${address}[${bareHexText(connection.interestOps)}](${counts}`
}

function versionLines(view: ServerView): string[] {
  const version = `Zookeeper version: ${VERSION_TEXT}`
  return view.servingState === 'read-only' ? [version, 'READ-ONLY mode; serving only read-only clients'] : [version]
}

function stateLines(view: ServerView): string[] {
  const { latency } = view.metrics.requests
  const lines = [
    `Latency min/avg/max: ${Math.floor(latency.minimumMs)}/${doubleText(latency.averageMs)}/${Math.ceil(latency.maxMs)}`,
    `Received: ${view.metrics.connections.packetsReceived}`,
    `Sent: ${view.metrics.connections.packetsSent}`,
    `Connections: ${view.readings.aliveConnectionCount}`,
    `Outstanding: ${view.readings.outstandingRequestCount}`,
    `Zxid: ${hexText(view.lastZxid)}`,
    `Mode: ${view.mode}`,
    `Node count: ${view.readings.znodeCount}`,
  ]
  const sizes = view.metrics.quorum.proposalSizes
  if (view.mode === 'leader') lines.push(`Proposal sizes last/min/max: ${sizes.lastBytes}/${sizes.minBytes}/${sizes.maxBytes}`)
  return lines
}
