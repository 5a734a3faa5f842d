// Everything: what clients need, and what only servers and tools over their files do.

export * from './adler32.ts'
export * from './crc32.ts'
export * from './ephemeral-owner.ts'
export * from './generated/snapshot-records.ts'
export * from './generated/transaction-records.ts'
export * from './index.ts'
export * from './stat.ts'
export * from './transaction.ts'
export * from './utf8.ts'
export * from './vector.ts'
