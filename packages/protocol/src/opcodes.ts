// The operations. Names are the protocol's own, so that logs and metrics say what every
// ZooKeeper operator knows.

/** Every opcode of requests and transactions. */
export const Op = {
  closeSession: -11,
  /** Made by servers out of the connect handshake; never sent by clients. */
  createSession: -10,
  /** The type of a refused transaction and of a failed part of a multi; not a request. */
  error: -1,
  /** The type of a notification in some clients' tables; not a request. */
  notification: 0,
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getACL: 6,
  setACL: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  /** Only as a part of a multi. */
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  checkWatches: 17,
  removeWatches: 18,
  createContainer: 19,
  /** Made by the leader for empty containers and nodes past their TTL; never sent by clients. */
  deleteContainer: 20,
  createTTL: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  sasl: 102,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
} as const

/** An opcode that exists. */
export type Op = (typeof Op)[keyof typeof Op]

/** The name of an opcode that exists. */
export type OpName = keyof typeof Op

/** Operations that get a zxid of their own. A check is written too, but only as a part of its multi. */
const writes: readonly Op[] = [
  Op.createSession,
  Op.closeSession,
  Op.create,
  Op.create2,
  Op.createContainer,
  Op.createTTL,
  Op.delete,
  Op.deleteContainer,
  Op.setData,
  Op.setACL,
  Op.multi,
  Op.reconfig,
]

/** Opcodes that no client may send as a request of its own. */
const internals: readonly Op[] = [Op.createSession, Op.error, Op.notification, Op.check, Op.deleteContainer]

const WRITE = 1
const FROM_CLIENT = 2
const OP_MIN = -16
const OP_MAX = 127

/** `WRITE` and `FROM_CLIENT` bits of each opcode, at `opcode - OP_MIN`: looked up for every request. */
const flags = new Uint8Array(OP_MAX - OP_MIN + 1)
const names = new Map<number, OpName>()

for (const [name, op] of Object.entries(Op)) {
  names.set(op, name as OpName)
  flags[op - OP_MIN] = (writes.includes(op) ? WRITE : 0) | (internals.includes(op) ? 0 : FROM_CLIENT)
}

/** Whether the operation goes through the transaction log. */
export function isWriteOp(op: number): boolean {
  return (flagsOf(op) & WRITE) !== 0
}

/** Whether a client may send the operation as a request; any other opcode ends the connection. */
export function isClientOp(op: number): boolean {
  return (flagsOf(op) & FROM_CLIENT) !== 0
}

/** The operation's name in the protocol, or `unknown <number>`. */
export function opName(op: number): string {
  return names.get(op) ?? `unknown ${op}`
}

function flagsOf(op: number): number {
  return op < OP_MIN || op > OP_MAX ? 0 : (flags[op - OP_MIN] as number)
}
