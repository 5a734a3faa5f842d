/** Draws single requests: every opcode, well formed and not, with paths, data and ACLs from small stocks, so that requests meet each other. */
import { ByteWriter } from '@tskeeper/protocol'
import type { SeededRandom } from '../../../faults/seeded-random.ts'
import { openAcl, type RawAcl, RawOp, writeAcl, writeStrings } from '../../../support/raw-records.ts'
import type { ServerProfile, WatchStyle } from './profile.ts'
import { abbreviated, type RequestFrame } from './schedule.ts'
import * as stock from './stock.ts'

type BodyWriter = (writer: ByteWriter) => string

/** What a request may be about. */
export interface RequestLimits {
  /** Which kinds of watches this connection leaves, of those that the servers agree about. */
  readonly watchStyle: WatchStyle
  /** In a burst there is nothing that overtakes others or ends the connection, and no ACL changes. */
  readonly isBurst: boolean
}

export class RequestMaker {
  readonly #random: SeededRandom
  readonly #profile: ServerProfile

  constructor(random: SeededRandom, profile: ServerProfile) {
    this.#random = random
    this.#profile = profile
  }

  draw(xid: number, limits: RequestLimits): RequestFrame {
    const opcode = this.#opcode(limits)
    const frame = this.#encode(xid, opcode, this.#bodyOf(opcode, limits))
    return !limits.isBurst && this.#random.isLikely(0.04) ? this.#damage(frame) : frame
  }

  auth(xid: number, scheme: string, auth: string): RequestFrame {
    return this.#encode(xid, RawOp.auth, (writer) => writeAuth(writer, 0, scheme, auth))
  }

  closeSession(xid: number): RequestFrame {
    return this.#encode(xid, RawOp.closeSession, () => '')
  }

  #opcode(limits: RequestLimits): number {
    const random = this.#random
    if (!limits.isBurst) {
      if (random.isLikely(0.03)) return RawOp.auth
      if (random.isLikely(0.01)) return RawOp.closeSession
      if (random.isLikely(0.005)) return RawOp.sasl
      if (random.isLikely(0.005)) return random.pick(this.#profile.unknownOpcodes)
      if (random.isLikely(0.05)) return RawOp.setAcl
    }
    return random.pick(weightedOpcodes)
  }

  #encode(xid: number, opcode: number, writeBody: BodyWriter): RequestFrame {
    const writer = new ByteWriter()
    writer.writeInt(xid)
    writer.writeInt(opcode)
    const text = writeBody(writer)
    return {
      text: `${opcodeNames.get(opcode) ?? `op ${opcode}`}${text === '' ? '' : ` ${text}`}`,
      xid,
      opcode,
      payload: writer.toBytes(),
    }
  }

  /** Cuts the body, or changes a byte or a length in it. */
  #damage(frame: RequestFrame): RequestFrame {
    if (frame.payload.length < 12 || this.#profile.undamaged.has(frame.opcode)) return frame
    const random = this.#random
    if (random.isLikely(0.5)) {
      const length = random.between(8, frame.payload.length - 1)
      return { ...frame, payload: frame.payload.slice(0, length), text: `${frame.text} CUT to ${length}` }
    }
    const payload = new Uint8Array(frame.payload)
    const value = random.pick([-1, -2, -2147483648, 2147483647, 0, 1, 3, 1048576])
    const at = 8
    new DataView(payload.buffer).setInt32(at, value)
    return { ...frame, payload, text: `${frame.text} with ${value} at ${at}` }
  }

  #bodyOf(opcode: number, limits: RequestLimits): BodyWriter {
    switch (opcode) {
      case RawOp.create:
      case RawOp.create2:
      case RawOp.createContainer:
      case RawOp.createTtl:
        return (writer) => this.#create(writer, opcode, false)
      case RawOp.delete:
      case RawOp.setData:
      case RawOp.check:
        return (writer) => this.#change(writer, opcode)
      case RawOp.setAcl:
        return (writer) => this.#setAcl(writer)
      case RawOp.exists:
      case RawOp.getData:
      case RawOp.getChildren:
      case RawOp.getChildren2:
        return (writer) => this.#read(writer, limits)
      case RawOp.getAcl:
      case RawOp.sync:
      case RawOp.getEphemerals:
      case RawOp.getAllChildrenNumber:
        return (writer) => this.#pathOnly(writer, opcode)
      case RawOp.multi:
      case RawOp.multiRead:
        return (writer) => this.#multi(writer, opcode)
      default:
        return (writer) => this.#otherBody(writer, opcode, limits)
    }
  }

  #otherBody(writer: ByteWriter, opcode: number, limits: RequestLimits): string {
    switch (opcode) {
      case RawOp.addWatch:
      case RawOp.checkWatches:
      case RawOp.removeWatches:
        return this.#pathAndNumber(writer, opcode, limits)
      case RawOp.setWatches:
      case RawOp.setWatches2:
        return this.#setWatches(writer, opcode, limits)
      case RawOp.auth:
        return this.#auth(writer)
      case RawOp.reconfig:
        return this.#reconfig(writer)
      case RawOp.sasl:
        writer.writeBuffer(this.#random.pick([Buffer.alloc(0), Buffer.from('token')]))
        return ''
      default:
        return ''
    }
  }

  #create(writer: ByteWriter, opcode: number, isInMulti: boolean): string {
    const random = this.#random
    const path = this.#path(writer, isInMulti ? 'valid' : 'any')
    const data = this.#data(writer, path)
    const acl = this.#acl(writer, isInMulti)
    const flags = this.#flags(opcode, isInMulti)
    writer.writeInt(flags)
    if (opcode !== RawOp.createTtl) return `${path} ${data} ${acl} flags=${flags}`
    const ttlMs = random.isLikely(0.7) ? random.pick([86_400_000, 1_099_511_627_775]) : random.pick(stock.oddTtls)
    writer.writeNumber(ttlMs)
    return `${path} ${data} ${acl} flags=${flags} ttl=${ttlMs}`
  }

  /** The kinds that one server stores otherwise than the other, or dies of, are left out: see `docs/divergence.md`. */
  #flags(opcode: number, isInMulti: boolean): number {
    const random = this.#random
    const isOdd = random.isLikely(0.03) && (!isInMulti || this.#profile.hasStrictMultiFlags)
    if (isOdd) return random.pick([7, -1, 100, 2147483647])
    if (opcode === RawOp.createContainer) return 4
    if (opcode === RawOp.createTtl) return random.pick([5, 6])
    if (random.isLikely(0.03)) return random.pick(isInMulti && !this.#profile.hasStrictMultiFlags ? [4] : [4, 5, 6])
    return random.pick([0, 0, 0, 0, 1, 1, 2, 3])
  }

  #change(writer: ByteWriter, opcode: number, pathKind: PathKind = 'any'): string {
    const path = this.#path(writer, pathKind)
    const data = opcode === RawOp.setData ? ` ${this.#data(writer, path)}` : ''
    const version = this.#version()
    writer.writeInt(version)
    return `${path}${data} v=${version}`
  }

  #version(): number {
    return this.#random.isLikely(0.5) ? -1 : this.#random.pick([0, 0, 0, 1, 1, 2, 3, -2, 7, 2147483647, -2147483648])
  }

  #setAcl(writer: ByteWriter): string {
    const path = this.#path(writer)
    const acl = this.#acl(writer, false)
    const version = this.#version()
    writer.writeInt(version)
    return `${path} ${acl} v=${version}`
  }

  #read(writer: ByteWriter, limits: RequestLimits): string {
    const path = this.#path(writer)
    const watch = limits.watchStyle === 'any' || limits.watchStyle === 'standard' ? this.#random.pick([0, 0, 1, 1, 1, 2, 255]) : 0
    writer.writeByte(watch)
    return `${path}${watch === 0 ? '' : ` watch=${watch}`}`
  }

  #pathOnly(writer: ByteWriter, opcode: number): string {
    if (opcode !== RawOp.getEphemerals || this.#random.isLikely(0.5)) return this.#path(writer)
    const prefix = this.#random.pick([null, '', '/', ' ', '/a', '/b/', ' /a', 'a', '/ ', '\t/\n'])
    writer.writeString(prefix)
    return JSON.stringify(prefix)
  }

  #pathAndNumber(writer: ByteWriter, opcode: number, limits: RequestLimits): string {
    const random = this.#random
    if (opcode === RawOp.addWatch) {
      const mode = random.isLikely(0.05) ? random.pick([2, -1, 3, 100]) : this.#addWatchMode(limits.watchStyle)
      const path = this.#path(writer, 'not null')
      writer.writeInt(mode)
      return `${path} mode=${mode}`
    }
    const path = this.#path(writer)
    const types = this.#profile.hasModernWatches ? [1, 2, 3, 3, 4, 5] : limits.watchStyle === 'standard' ? [1, 2, 3] : [3]
    const type = random.isLikely(0.05) ? random.pick([0, 6, -1]) : random.pick(types)
    writer.writeInt(type)
    return `${path} type=${type}`
  }

  /** 2 is no mode: a connection whose style forbids both gets a refusal. */
  #addWatchMode(style: WatchStyle): number {
    if (style === 'any') return this.#random.below(2)
    if (style === 'persistent') return 0
    return style === 'recursive' ? 1 : 2
  }

  #setWatches(writer: ByteWriter, opcode: number, limits: RequestLimits): string {
    const random = this.#random
    const relativeZxid = random.pick([0, 1, 2, 5, 10, 20, 50, 100, 200, -1, 2 ** 40])
    writer.writeNumber(relativeZxid)
    // Apache's server carries out the lists in front of a null one before it refuses the request.
    const hasNull = random.isLikely(0.03)
    const allowed = hasNull ? new Set() : watchListsOf(limits.watchStyle)
    const lists: string[] = []
    for (let list = 0; list < (opcode === RawOp.setWatches ? 3 : 5); list++) {
      const isNull = hasNull && random.isLikely(0.5)
      const paths = allowed.has(list) ? Array.from({ length: random.below(4) }, () => random.pick(stock.usedPaths)) : []
      if (isNull) writer.writeInt(-1)
      else writeStrings(writer, paths)
      lists.push(isNull ? 'null' : `[${paths.join(' ')}]`)
    }
    return `since ${relativeZxid} ${lists.join(' ')}`
  }

  #auth(writer: ByteWriter): string {
    const random = this.#random
    const [scheme, auth] = random.isLikely(0.8) ? random.pick(stock.goodIdentities) : random.pick(stock.badIdentities)
    return writeAuth(writer, random.pick([0, 0, 1, -1]), scheme, auth)
  }

  #reconfig(writer: ByteWriter): string {
    const texts = [0, 1, 2].map(() => this.#random.pick([null, '', 'server.1=127.0.0.1:1:2;3', '1', 'x']))
    for (const text of texts) writer.writeString(text)
    const version = this.#random.pick([-1, 0, 5])
    writer.writeNumber(version)
    return `${JSON.stringify(texts)} v=${version}`
  }

  #multi(writer: ByteWriter, opcode: number): string {
    const random = this.#random
    const parts: string[] = []
    const isWild = random.isLikely(0.05)
    for (let count = random.below(6); count > 0; count--) {
      const isWrite = isWild ? random.isLikely(0.5) : opcode === RawOp.multi
      const part = random.pick(isWrite ? multiWrites : multiReads)
      writer.writeInt(part)
      writer.writeByte(0)
      writer.writeInt(-1)
      parts.push(`${opcodeNames.get(part)} ${this.#multiPart(writer, part)}`)
    }
    const hasEnd = !random.isLikely(0.02)
    if (hasEnd) {
      writer.writeInt(-1)
      writer.writeByte(1)
      writer.writeInt(-1)
    }
    return `{ ${parts.join('; ')} }${hasEnd ? '' : ' without an end'}`
  }

  #multiPart(writer: ByteWriter, opcode: number): string {
    const random = this.#random
    switch (opcode) {
      case RawOp.create:
      case RawOp.create2:
      case RawOp.createContainer:
      case RawOp.createTtl:
        return this.#create(writer, opcode, true)
      case RawOp.getData:
      case RawOp.getChildren: {
        const path = this.#path(writer, 'not null')
        writer.writeByte(random.below(2))
        return path
      }
      default:
        return this.#change(writer, opcode, 'not null')
    }
  }

  /** Writes a path and returns it for the text. */
  #path(writer: ByteWriter, kind: PathKind = 'any'): string {
    const random = this.#random
    const isPlain = random.isLikely(0.88)
    const path = isPlain
      ? random.pick(stock.usedPaths)
      : random.isLikely(0.4)
        ? random.pick(stock.reservedPaths)
        : random.pick(stock.oddPaths)
    if (path === null && kind !== 'any') {
      writer.writeString('/a')
      return '/a'
    }
    writer.writeBuffer(path === null ? null : stock.pathBytes(path))
    return path === null ? 'null' : abbreviated(/^[\x21-\x7e]+$/.test(path) ? path : JSON.stringify(path))
  }

  #data(writer: ByteWriter, path: string): string {
    const random = this.#random
    const isLimits = path.endsWith('zookeeper_limits')
    const text = isLimits && random.isLikely(0.9) ? random.pick(stock.limitTexts) : random.pick(stock.dataTexts)
    if (text === null) {
      writer.writeBuffer(null)
      return 'null'
    }
    const bytes = random.isLikely(0.01) ? Buffer.alloc(random.pick([5_000, 100_000, 1_000_000]), 0x61) : Buffer.from(text)
    writer.writeBuffer(bytes)
    return JSON.stringify(abbreviated(bytes.toString('latin1'), 30))
  }

  #acl(writer: ByteWriter, isInMulti: boolean): string {
    const random = this.#random
    if (random.isLikely(0.75)) {
      writeAcl(writer, openAcl)
      return 'open'
    }
    if (random.isLikely(0.02) && !isInMulti) {
      writeAcl(writer, null)
      return 'acl=null'
    }
    const entries: RawAcl[] = Array.from({ length: random.below(4) }, () => ({
      perms: random.isLikely(0.95) ? random.pick([31, 31, 31, 1, 3, 5, 15, 30, 16, 0]) : random.pick([32, 63, -1]),
      ...random.pick(random.isLikely(0.93) ? stock.goodIds : stock.badIds),
    }))
    if (entries.length > 0 && random.isLikely(0.05)) entries.push(entries[0] as RawAcl)
    if (this.#profile.isReadable && entries.length > 0) entries.push({ perms: 1, scheme: 'world', id: 'anyone' })
    writeAcl(writer, entries)
    return `acl=[${entries.map(({ perms, scheme, id }) => `${perms} ${scheme}:${id}`).join(', ')}]`
  }
}

function writeAuth(writer: ByteWriter, type: number, scheme: string | null, auth: string | null): string {
  writer.writeInt(type)
  writer.writeString(scheme)
  writer.writeBuffer(auth === null ? null : Buffer.from(auth))
  return `${scheme} ${auth}`
}

type PathKind = 'any' | 'not null' | 'valid'

function watchListsOf(style: WatchStyle): ReadonlySet<number> {
  if (style === 'any') return new Set([0, 1, 2, 3, 4])
  if (style === 'standard') return new Set([0, 1, 2])
  if (style === 'persistent') return new Set([3])
  return style === 'recursive' ? new Set([4]) : new Set()
}

const opcodeNames: ReadonlyMap<number, string> = new Map(Object.entries(RawOp).map(([name, opcode]) => [opcode, name]))

const multiWrites: readonly number[] = [
  ...[RawOp.create, RawOp.create, RawOp.create2, RawOp.createContainer, RawOp.createTtl],
  ...[RawOp.delete, RawOp.delete, RawOp.setData, RawOp.setData, RawOp.check, RawOp.check],
]
const multiReads: readonly number[] = [RawOp.getData, RawOp.getChildren]

const weightedOpcodes: readonly number[] = [
  ...Array.from({ length: 6 }, () => RawOp.create),
  ...Array.from({ length: 6 }, () => RawOp.create2),
  ...Array.from({ length: 6 }, () => RawOp.delete),
  ...Array.from({ length: 5 }, () => RawOp.setData),
  ...Array.from({ length: 5 }, () => RawOp.multi),
  ...[RawOp.createContainer, RawOp.createTtl, RawOp.exists, RawOp.exists, RawOp.getData, RawOp.getData],
  ...[RawOp.getAcl, RawOp.getChildren, RawOp.getChildren, RawOp.getChildren2, RawOp.sync, RawOp.multiRead],
  ...[RawOp.addWatch, RawOp.addWatch, RawOp.checkWatches, RawOp.removeWatches, RawOp.setWatches, RawOp.setWatches2],
  ...[RawOp.getEphemerals, RawOp.getAllChildrenNumber, RawOp.whoAmI, RawOp.reconfig, RawOp.ping],
]
