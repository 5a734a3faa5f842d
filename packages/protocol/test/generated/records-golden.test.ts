// Apache's own classes wrote every record of `golden/records.txt`. Ours must find the same values in
// the same order in those bytes, and give the same bytes for them.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { recordSchemas } from '../../src/generated/record-schemas.ts'
import { leaves, recordCodec } from '../record-codecs.ts'

/** Apache's names where ours differ. */
const OUR_NAMES: Readonly<Record<string, string>> = {
  ACL: 'Acl',
  CreateTTLRequest: 'CreateTtlRequest',
  CreateTTLTxn: 'CreateTtlTxn',
  Id: 'AuthId',
  GetACLRequest: 'GetAclRequest',
  GetACLResponse: 'GetAclResponse',
  GetSASLRequest: 'GetSaslRequest',
  SetACLRequest: 'SetAclRequest',
  SetACLResponse: 'SetAclResponse',
  SetACLTxn: 'SetAclTxn',
  SetSASLRequest: 'SetSaslRequest',
  SetSASLResponse: 'SetSaslResponse',
}

/** Not classes of that release: one string, and layouts that its code writes field by field (see `quorum-packets.test.ts`). */
const WITHOUT_GOLDEN_BYTES = ['DeleteContainerRequest', 'ForwardedRequestHeader', 'SessionTouch', 'RevalidateReply']

const golden = readFileSync(new URL('../golden/records.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => {
    const [name = '', hex = '', values = ''] = line.split(/ (.*?) (.*)/s)
    return { name: OUR_NAMES[name] ?? name, hex, values: JSON.parse(values) as readonly unknown[] }
  })

test('there are golden bytes of every record', () => {
  const names = new Set(golden.map(({ name }) => name))
  expect(Object.keys(recordSchemas).filter((name) => !names.has(name))).toEqual(WITHOUT_GOLDEN_BYTES)
})

test.each(golden)('$name $hex is what Apache writes for these values', ({ name, hex, values }) => {
  const codec = recordCodec(name)
  const record = codec.decode(Buffer.from(hex, 'hex'))
  const expected = codec.hasOptionalField && values.length < codec.fields.length ? [...values, null] : values
  expect(leaves(name, record).map(asText)).toEqual(expected.map(asText))
  expect(Buffer.from(codec.encode(record)).toString('hex')).toBe(hex)
})

/** Numbers of any size as decimal digits, and buffers as hex, as they stand in the golden file. */
function asText(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : value
}
