// What a client needs of the protocol.

export * from './acl.ts'
export { ByteReader, DecodeError } from './byte-reader.ts'
export { ByteWriter } from './byte-writer.ts'
export * from './constants.ts'
export * from './errors.ts'
export * from './generated/common-records.ts'
export * from './generated/connection-records.ts'
export * from './generated/request-records.ts'
export * from './generated/response-records.ts'
export * from './opcodes.ts'
export * from './paths.ts'
