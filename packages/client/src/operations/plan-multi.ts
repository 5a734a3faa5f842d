import { Op } from '@tskeeper/protocol'
import type { Chroot } from '../chroot.ts'
import type { ReadOperation, TransactionOperation } from '../transaction.ts'
import {
  aclOrOpen,
  badArguments,
  checkCreatePath,
  checkPath,
  checkVersion,
  createKind,
  dataBytes,
  isSequentialKind,
} from './arguments.ts'
import type { ReadPart, TransactionPart } from './multi-operations.ts'

/** Checks the parts of a transaction. Throws what is wrong with the first bad one. */
export function planTransaction(operations: readonly TransactionOperation[], chroot: Chroot): TransactionPart[] {
  return operations.map((operation) => planPart(operation, chroot))
}

/** Checks the parts of a multiRead. */
export function planReads(operations: readonly ReadOperation[], chroot: Chroot): ReadPart[] {
  return operations.map(({ type, path }) => {
    checkPath(path)
    return { path, serverPath: chroot.toServer(path), op: type === 'get' ? Op.getData : Op.getChildren }
  })
}

function planPart(operation: TransactionOperation, chroot: Chroot): TransactionPart {
  const { path } = operation
  if (operation.type === 'create') return planCreatePart(operation, chroot)
  checkPath(path)
  const serverPath = chroot.toServer(path)
  switch (operation.type) {
    case 'set': {
      const version = checked(path, operation.version ?? -1)
      return { path, serverPath, op: Op.setData, data: dataBytes(path, operation.data), version }
    }
    case 'delete':
      return { path, serverPath, op: Op.delete, version: checked(path, operation.version ?? -1) }
    case 'check':
      return { path, serverPath, op: Op.check, version: checked(path, operation.version) }
    default:
      throw badArguments(path, `a part of a transaction cannot be a "${String((operation as { type: unknown }).type)}"`)
  }
}

function planCreatePart(operation: Extract<TransactionOperation, { type: 'create' }>, chroot: Chroot): TransactionPart {
  const { path, data = '', mode = 'persistent', ttlMs, acl } = operation
  const kind = createKind(path, mode, ttlMs)
  checkCreatePath(path, isSequentialKind(mode))
  // Not create2: servers up to 3.8 answer it as create, so that nobody could rely on its Stat.
  const op = kind.ttlMs !== null ? Op.createTTL : mode === 'container' ? Op.createContainer : Op.create
  const create = { data: dataBytes(path, data), acl: aclOrOpen(path, acl), ...kind }
  return { path, serverPath: chroot.toServer(path), op, create }
}

function checked(path: string, version: number): number {
  checkVersion(path, version)
  return version
}
