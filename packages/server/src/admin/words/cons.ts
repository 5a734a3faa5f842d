import { hexText } from '../hex-text.ts'
import { operationWord } from '../operation-words.ts'
import type { ConnectionSessionView, ConnectionView } from '../server-view.ts'
import { defineWord, type Word } from '../word.ts'
import { connectionStart } from './srvr.ts'

/**
 * ```
 *  /127.0.0.1:41680[1](queued=0,recved=8,sent=8,sid=0x100000dfeea0010,lop=ADDW,est=1795190099470,to=30000,lcxid=0x7,lzxid=0x6f,lresp=1110519,llat=0,minlat=0,avglat=0,maxlat=2)
 *  /127.0.0.1:42980[0](queued=0,recved=1,sent=0)
 *
 * ```
 */
export const cons: Word = defineWord('cons', 'a line for each connection: packets, session, last operation, latency', (view) =>
  [...Array.from(view.connections(), connectionLine), '', ''].join('\n'),
)

function connectionLine(connection: ConnectionView): string {
  const session = connection.session === null ? '' : sessionFields(connection.session)
  return `${connectionStart(connection)}${session})`
}

function sessionFields(session: ConnectionSessionView): string {
  const lastCxid = session.lastCxid < 0 ? '' : `,lcxid=${hexText(session.lastCxid)}`
  return [
    `,sid=${hexText(session.id)}`,
    `lop=${operationWord(session.lastOpcode)}`,
    `est=${session.establishedAtMs}`,
    `to=${session.timeoutMs}${lastCxid}`,
    `lzxid=${hexText(session.lastZxid)}`,
    `lresp=${Math.floor(session.lastResponseMs)}`,
    `llat=${Math.round(session.lastLatencyMs)}`,
    `minlat=${Math.floor(session.minLatencyMs)}`,
    `avglat=${Math.round(session.averageLatencyMs)}`,
    `maxlat=${Math.ceil(session.maxLatencyMs)}`,
  ].join(',')
}
