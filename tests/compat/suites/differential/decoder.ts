/**
 * Replies as comparable texts. Everything that a reply says is in its text, with what cannot be the same on two servers named instead
 * of told: a time by the transaction that set it, a session by its place in the order of sessions. A byte that is left over is told, too.
 */
import { ByteReader } from '@tskeeper/protocol'
import { type RawAcl, RawOp, type RawStat, readAcl, readStat, readVector } from '../../../support/raw-records.ts'

export class ReplyDecoder {
  /** The first session of the server; others count from it. */
  #firstSession: bigint | null = null
  /** When each transaction happened, as told by the first Stat that named it. */
  readonly #timeByZxid = new Map<number, number>()

  session(id: bigint): string {
    this.#firstSession ??= id
    const distance = id - this.#firstSession
    return distance >= 0n && distance < 1_000_000n ? `session ${distance}` : `0x${BigInt.asUintN(64, id).toString(16)}`
  }

  /** The body of a successful reply to a request of this opcode. */
  body(opcode: number, bytes: Uint8Array): string {
    const reader = new ByteReader(bytes)
    let text: string
    try {
      text = this.#fields(opcode, reader)
    } catch (error) {
      return `undecodable ${Buffer.from(bytes).toString('hex')}: ${String(error)}`
    }
    const rest = reader.remaining()
    return rest === 0 ? text : `${text} and ${rest} bytes ${Buffer.from(bytes.subarray(bytes.length - rest)).toString('hex')}`
  }

  #fields(opcode: number, reader: ByteReader): string {
    switch (opcode) {
      case RawOp.create:
      case RawOp.sync:
        return JSON.stringify(reader.readString())
      case RawOp.create2:
      case RawOp.createContainer:
      case RawOp.createTtl:
        return `${JSON.stringify(reader.readString())} ${this.stat(readStat(reader))}`
      case RawOp.exists:
      case RawOp.setData:
      case RawOp.setAcl:
        return this.stat(readStat(reader))
      case RawOp.getData:
      case RawOp.reconfig:
        return `${dataText(reader.readBuffer())} ${this.stat(readStat(reader))}`
      case RawOp.getAcl:
        return `${aclText(readAcl(reader))} ${this.stat(readStat(reader))}`
      case RawOp.getChildren:
      case RawOp.getEphemerals:
        return namesText(reader)
      case RawOp.getChildren2:
        return `${namesText(reader)} ${this.stat(readStat(reader))}`
      case RawOp.multi:
      case RawOp.multiRead:
        return this.#multi(reader)
      default:
        return this.#otherFields(opcode, reader)
    }
  }

  #otherFields(opcode: number, reader: ByteReader): string {
    switch (opcode) {
      case RawOp.getAllChildrenNumber:
      case RawOp.addWatch:
        return `${reader.readInt()}`
      case RawOp.whoAmI:
        return readVector(reader, () => `${reader.readString()}:${reader.readString()}`)
          .sort()
          .join(' ')
      case RawOp.sasl:
        return dataText(reader.readBuffer())
      default:
        return ''
    }
  }

  #multi(reader: ByteReader): string {
    const results: string[] = []
    for (;;) {
      const type = reader.readInt()
      const isDone = reader.readByte()
      const err = reader.readInt()
      results.push(`${type}/${isDone}/${err}`)
      if (isDone !== 0) return results.join('; ')
      const fields = type === -1 ? `error ${reader.readInt()}` : this.#fields(type, reader)
      if (fields !== '') results.push(fields)
    }
  }

  stat(stat: RawStat): string {
    const owner = stat.ephemeralOwner === 0n ? '' : ` owner=${this.session(stat.ephemeralOwner)}`
    return (
      `{c=${stat.czxid} m=${stat.mzxid} p=${stat.pzxid} ${this.#time(stat.czxid, stat.ctime)} ${this.#time(stat.mzxid, stat.mtime)} ` +
      `v=${stat.version},${stat.cversion},${stat.aversion} len=${stat.dataLength} kids=${stat.numChildren}${owner}}`
    )
  }

  #time(zxid: number, timeMs: number): string {
    if (zxid === 0) return `${timeMs}ms`
    const known = this.#timeByZxid.get(zxid)
    if (known === undefined) this.#timeByZxid.set(zxid, timeMs)
    return known === undefined || known === timeMs ? `t${zxid}` : `another time than t${zxid}`
  }
}

export function dataText(data: Uint8Array | null): string {
  if (data === null) return 'null'
  const text = Buffer.from(data).toString('latin1')
  return text.length <= 300 ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, 40))}... (${text.length})`
}

/** Names come in no order. */
function namesText(reader: ByteReader): string {
  return JSON.stringify(readVector(reader, () => reader.readString()).sort())
}

/** The ids that `auth` stands for come in no order: neighbours of one scheme with the same permissions are sorted. */
export function aclText(acl: readonly RawAcl[]): string {
  const entries = acl.map(({ perms, scheme, id }) => ({ group: `${perms} ${scheme}`, text: `${perms} ${scheme}:${id}` }))
  const texts: string[] = []
  for (let start = 0; start < entries.length; ) {
    let end = start
    while (end < entries.length && entries[end]?.group === entries[start]?.group) end++
    texts.push(
      ...entries
        .slice(start, end)
        .map((entry) => entry.text)
        .sort(),
    )
    start = end
  }
  return `[${texts.join(', ')}]`
}
