import { hexText } from '../hex-text.ts'
import { operationWord } from '../operation-words.ts'
import type { OutstandingRequestView } from '../server-view.ts'
import { defineWord, type Word } from '../word.ts'

/**
 * The requests that wait for their answer. Apache's server had this word in its first releases and knows it no more;
 * operators' guides still name it, so it is answered here, in our own form:
 * ```
 * Outstanding requests: 1
 * sid=0x100000dfeea0010,op=CREA,cxid=0x7,zxid=0x6f,age=12,path=/h1
 * ```
 * `zxid` is missing as long as the request has none, `path` if it names no single path. The age is in milliseconds.
 */
export const reqs: Word = defineWord('reqs', 'the requests that wait for their answer', (view) => {
  const lines = Array.from(view.outstandingRequests(), requestLine)
  return [`Outstanding requests: ${lines.length}`, ...lines, ''].join('\n')
})

function requestLine(request: OutstandingRequestView): string {
  const zxid = request.zxid > 0 ? `,zxid=${hexText(request.zxid)}` : ''
  const path = request.path === null ? '' : `,path=${request.path}`
  const name = `sid=${hexText(request.sessionId)},op=${operationWord(request.opcode)},cxid=${hexText(request.cxid)}`
  return `${name}${zxid},age=${Math.round(request.ageMs)}${path}`
}
