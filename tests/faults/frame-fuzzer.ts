// Makes what no client should ever send: whole connections, as the bytes that go out. The same seed
// and number give the same connection again.

import { ByteWriter } from '@tskeeper/protocol'
import { connectRequest } from '../support/raw-client.ts'
import {
  openAcl,
  type RawAcl,
  type RawMultiOp,
  RawOp,
  writeAcl,
  writeCreate,
  writeMulti,
  writeStrings,
} from '../support/raw-records.ts'
import type { SeededRandom } from './seeded-random.ts'

export interface FuzzConnection {
  /** A handshake, most often a right one, and frames that a server answers, with an error or without. */
  readonly bytes: Uint8Array
  /** What is sent once the answers are there: mostly something that makes a server close the connection. */
  readonly ending: Uint8Array
  /** How many malformed or merely odd frames there are in all. */
  readonly frames: number
}

const paths: readonly (string | null)[] = [
  ...['a', 'b', 'c', 'd', 'a/a', 'a/b', 'b/a/c', 's-', 'a/s-'].map((name) => `/fuzz/${name}`),
  ...['a', 'b', 'c', 'd', 'a/a', 'a/b', 'b/a/c', 's-', 'a/s-'].map((name) => `/fuzz/${name}`),
  ...[
    '/fuzz',
    '/',
    '',
    'fuzz',
    '/fuzz/',
    '/fuzz//a',
    '/fuzz/./a',
    '/fuzz/../b',
    '/fuzz/\u0000',
    '/fuzz/\u007f',
    '/fuzz/\ud83d\ude00',
  ],
  ...[
    '/zookeeper',
    '/zookeeper/config',
    '/zookeeper/quota',
    '/zookeeper/quota/fuzz/zookeeper_limits',
    '/protected',
    '/protected/node',
  ],
  `/fuzz/${'l'.repeat(3000)}`,
  '/fuzz/a'.repeat(300),
  null,
]

const hostileInts: readonly number[] = [
  -1,
  -2,
  -3,
  -2147483648,
  2147483647,
  0,
  1,
  255,
  65_535,
  65_536,
  1 << 20,
  1 << 24,
  1 << 28,
  0x7ffffff0,
]
const hostileLengths: readonly number[] = [-1, -2, -2147483648, 2147483647, 0, 1, 7, 8, 1_048_576, 1_048_577, 1 << 30]

const knownOpcodes: readonly number[] = [...Object.values(RawOp), -1, 0]
/** After these a server closes the connection, or may. */
const endingOpcodes: ReadonlySet<number> = new Set([
  ...[RawOp.check, RawOp.deleteContainer, RawOp.auth, RawOp.createSession, RawOp.closeSession],
  ...[-1, 0],
])
const lastingOpcodes: readonly number[] = knownOpcodes.filter((opcode) => !endingOpcodes.has(opcode))

/** Connection number `index` of a seed. `isGentle` leaves out what ends Apache's 3.8 for good. */
export function fuzzConnection(random: SeededRandom, isGentle: boolean): FuzzConnection {
  return new ConnectionFuzzer(random, isGentle).build()
}

class ConnectionFuzzer {
  readonly #random: SeededRandom
  readonly #isGentle: boolean
  readonly #out = new ByteWriter(4096)
  #xid = 1

  constructor(random: SeededRandom, isGentle: boolean) {
    this.#random = random
    this.#isGentle = isGentle
  }

  build(): FuzzConnection {
    const random = this.#random
    this.#handshake()
    const frames = random.between(1, 40)
    for (let count = 1; count < frames; count++) this.#lastingFrame()
    let bytes = this.#out.toBytes()
    if (random.isLikely(0.1)) bytes = bytes.slice(0, random.between(1, bytes.length))
    this.#out.reset()
    this.#endingFrame()
    return { bytes, ending: this.#out.toBytes(), frames: frames + 1 }
  }

  #handshake(): void {
    const random = this.#random
    const valid = connectRequest({ timeoutMs: 1 })
    const choice = random.below(100)
    if (choice < 82) this.#send(valid)
    else if (choice < 85) this.#send(random.bytes(random.below(80)))
    else if (choice < 88) this.#send(this.#mutate(valid))
    else if (choice < 90) this.#send(valid.subarray(0, random.below(valid.length)))
    else if (choice < 92)
      this.#send(connectRequest({ timeoutMs: random.pick(hostileInts), lastZxidSeen: random.below(2) * 2 ** 50 }))
    else if (choice < 94)
      this.#send(connectRequest({ sessionId: BigInt(random.word()) << 24n, password: random.bytes(random.below(40)) }))
    else if (choice < 96)
      this.#send(connectRequest({ password: random.isLikely(0.5) ? null : random.bytes(5000), readOnly: null }))
    else if (choice < 98) this.#out.writeInt(random.pick(hostileLengths))
  }

  /** Malformed in its body only: a server answers with an error and goes on. */
  #lastingFrame(): void {
    const random = this.#random
    const choice = random.below(100)
    if (choice < 12) this.#send(this.#request(lastingOpcodes))
    else if (choice < 45) this.#send(this.#mutate(this.#request(lastingOpcodes)))
    else if (choice < 62) this.#send(this.#overwriteInt(this.#request(lastingOpcodes)))
    else if (choice < 74) this.#send(this.#truncate(this.#request(lastingOpcodes)))
    else if (choice < 92) this.#send(this.#wildMulti())
    else this.#send(Buffer.concat([this.#request(lastingOpcodes), random.bytes(random.between(1, 60))]))
  }

  #endingFrame(): void {
    const random = this.#random
    const choice = random.below(100)
    if (choice < 10) this.#lastingFrame()
    else if (choice < 30) this.#send(random.bytes(random.between(8, 300)))
    else if (choice < 45) this.#send(this.#unknownOpcode())
    else if (choice < 55) this.#send(random.bytes(random.below(9)))
    else if (choice < 62) this.#send(connectRequest({ timeoutMs: 1000 }))
    else if (choice < 70) this.#sendWithLength(random.pick(hostileLengths), this.#request(knownOpcodes))
    else if (choice < 76) this.#out.writeBytes(random.bytes(random.between(1, 60)))
    else if (choice < 90) this.#send(this.#mutate(this.#request([...endingOpcodes])))
    else this.#send(this.#request([...endingOpcodes]))
  }

  #send(payload: Uint8Array): void {
    this.#sendWithLength(payload.length, this.#isGentle ? gentle(payload) : payload)
  }

  #sendWithLength(length: number, payload: Uint8Array): void {
    this.#out.writeInt(length)
    this.#out.writeBytes(payload)
  }

  /** Changes some bytes of the body. */
  #mutate(payload: Uint8Array): Uint8Array {
    const random = this.#random
    const bytes = new Uint8Array(payload)
    const from = Math.min(8, bytes.length - 1)
    for (let count = random.between(1, 6); count > 0; count--) {
      const at = random.between(from, bytes.length - 1)
      if (random.isLikely(0.5)) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
      else bytes[at] = random.word()
    }
    return bytes
  }

  #overwriteInt(payload: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(payload)
    if (bytes.length < 12) return bytes
    const view = new DataView(bytes.buffer)
    view.setInt32(this.#random.between(8, bytes.length - 4), this.#random.pick(hostileInts))
    return bytes
  }

  #truncate(payload: Uint8Array): Uint8Array {
    return payload.slice(0, this.#random.between(Math.min(8, payload.length), payload.length))
  }

  #unknownOpcode(): Uint8Array {
    const writer = new ByteWriter()
    writer.writeInt(this.#xid++)
    const opcode = this.#random.isLikely(0.5) ? this.#random.between(-20, 120) : this.#random.word() | 0
    writer.writeInt(opcode)
    writer.writeBytes(this.#random.bytes(this.#random.below(60)))
    return writer.toBytes()
  }

  /** Multis with the wrong parts, without an end, with several ends, and inside each other. */
  #wildMulti(): Uint8Array {
    const random = this.#random
    const writer = new ByteWriter()
    writer.writeInt(this.#xid++)
    writer.writeInt(random.isLikely(0.7) ? RawOp.multi : RawOp.multiRead)
    for (let count = random.below(12); count > 0; count--) {
      const choice = random.below(10)
      if (choice < 4) writeMulti(writer, this.#multiOps(random.between(1, 4)))
      else if (choice < 6) this.#multiHeader(writer, random.pick(knownOpcodes), random.isLikely(0.2))
      else if (choice < 7) this.#multiHeader(writer, random.pick([RawOp.multi, RawOp.multiRead]), false)
      else if (choice < 8) writer.writeBytes(this.#request(lastingOpcodes).subarray(8))
      else if (choice < 9) writer.writeBytes(random.bytes(random.below(30)))
      else this.#multiHeader(writer, -1, true)
    }
    if (random.isLikely(0.7)) this.#multiHeader(writer, -1, true)
    const bytes = writer.toBytes()
    return random.isLikely(0.3) ? this.#overwriteInt(bytes) : bytes
  }

  #multiHeader(writer: ByteWriter, type: number, isDone: boolean): void {
    writer.writeInt(type)
    writer.writeBoolean(isDone)
    writer.writeInt(this.#random.isLikely(0.9) ? -1 : this.#random.pick(hostileInts))
  }

  #multiOps(count: number): RawMultiOp[] {
    const random = this.#random
    const ops: RawMultiOp[] = []
    for (; count > 0; count--) {
      const path = this.#path() ?? '/fuzz'
      const kind = random.below(8)
      if (kind === 0) ops.push({ op: 'create', path, data: this.#data(), flags: random.below(8) })
      else if (kind === 1) ops.push({ op: 'create2', path, data: this.#data(), flags: random.below(8), acl: this.#acl() ?? [] })
      else if (kind === 2) ops.push({ op: 'createContainer', path })
      else if (kind === 3) ops.push({ op: 'delete', path, version: random.between(-2, 2) })
      else if (kind === 4) ops.push({ op: 'setData', path, data: this.#data(), version: random.between(-2, 2) })
      else if (kind === 5) ops.push({ op: 'check', path, version: random.between(-2, 2) })
      else if (kind === 6) ops.push({ op: 'getData', path })
      else ops.push({ op: 'getChildren', path })
    }
    return ops
  }

  /** A well-formed request. */
  #request(opcodes: readonly number[]): Uint8Array {
    const opcode = this.#random.pick(opcodes)
    const writer = new ByteWriter()
    writer.writeInt(this.#random.isLikely(0.95) ? this.#xid++ : this.#random.pick(hostileInts))
    writer.writeInt(opcode)
    this.#body(writer, opcode)
    return writer.toBytes()
  }

  #body(writer: ByteWriter, opcode: number): void {
    const random = this.#random
    switch (opcode) {
      case RawOp.create:
      case RawOp.create2:
      case RawOp.createContainer:
      case RawOp.createTtl:
        writeCreate(
          writer,
          this.#path(),
          this.#data(),
          this.#acl(),
          random.isLikely(0.9) ? random.below(7) : random.pick(hostileInts),
        )
        if (opcode === RawOp.createTtl) writer.writeNumber(random.pick([1, 60_000, 2 ** 40, 0, -1]))
        return
      case RawOp.setData:
        writer.writeString(this.#path())
        writer.writeBuffer(this.#data())
        writer.writeInt(random.between(-2, 3))
        return
      case RawOp.setAcl:
        writer.writeString(this.#path())
        writeAcl(writer, this.#acl())
        writer.writeInt(random.between(-2, 3))
        return
      case RawOp.delete:
      case RawOp.check:
      case RawOp.checkWatches:
      case RawOp.removeWatches:
      case RawOp.addWatch:
        writer.writeString(this.#path())
        writer.writeInt(random.between(-2, 7))
        return
      case RawOp.exists:
      case RawOp.getData:
      case RawOp.getChildren:
      case RawOp.getChildren2:
        writer.writeString(this.#path())
        writer.writeBoolean(random.isLikely(0.5))
        return
      case RawOp.getAcl:
      case RawOp.sync:
      case RawOp.getEphemerals:
      case RawOp.getAllChildrenNumber:
      case RawOp.deleteContainer:
        writer.writeString(this.#path())
        return
      case RawOp.multi:
      case RawOp.multiRead:
        writeMulti(writer, this.#multiOps(random.below(6)))
        return
      case RawOp.setWatches:
      case RawOp.setWatches2:
        writer.writeNumber(random.pick([0, -1, 2 ** 50]))
        for (let list = opcode === RawOp.setWatches ? 3 : 5; list > 0; list--) writeStrings(writer, this.#pathList())
        return
      case RawOp.reconfig:
        for (let text = 0; text < 3; text++) writer.writeString(random.pick([null, '', 'server.1=127.0.0.1:1:2;3', '1,2,x']))
        writer.writeNumber(-1)
        return
      case RawOp.auth:
        writer.writeInt(0)
        writer.writeString(random.pick(['digest', 'digest', 'ip', 'world', 'super', 'nosuch', null]))
        writer.writeBuffer(random.pick([null, Buffer.from('fuzz:fuzz'), Buffer.from('super:guess'), random.bytes(20)]))
        return
      case RawOp.sasl:
        writer.writeBuffer(this.#data())
        return
      case RawOp.createSession:
        writer.writeInt(random.pick(hostileInts))
    }
  }

  #path(): string | null {
    return this.#random.pick(paths)
  }

  #pathList(): string[] {
    return Array.from({ length: this.#random.below(5) }, () => this.#path() ?? '/fuzz/a')
  }

  #data(): Uint8Array | null {
    const choice = this.#random.below(20)
    if (choice === 0) return null
    if (choice === 1) return this.#random.bytes(this.#random.below(40_000))
    return this.#random.bytes(this.#random.below(100))
  }

  #acl(): RawAcl[] | null {
    const random = this.#random
    const choice = random.below(12)
    if (choice < 7) return [...openAcl]
    if (choice === 7) return null
    const schemes = ['world', 'auth', 'digest', 'ip', 'super', 'nosuch', '', null]
    const ids = ['anyone', '', 'u:h', '127.0.0.1', '127.0.0.1/8', '1.2.3.4/99', '::1', null]
    return Array.from({ length: random.below(4) }, () => ({
      perms: random.isLikely(0.8) ? random.below(32) : random.pick(hostileInts),
      scheme: random.pick(schemes),
      id: random.pick(ids),
    }))
  }
}

/**
 * Turns into an unknown request what Apache's 3.8 cannot bear: a createTTL whose flags and time do not fit together
 * ends its process, and a createSession inside a session is answered like a connect request.
 */
function gentle(payload: Uint8Array): Uint8Array {
  if (payload.length < 8) return payload
  const bytes = new Uint8Array(payload)
  const view = new DataView(bytes.buffer)
  const opcode = view.getInt32(4)
  if (opcode === RawOp.createTtl || opcode === RawOp.createSession) view.setInt32(4, 99)
  return bytes
}
