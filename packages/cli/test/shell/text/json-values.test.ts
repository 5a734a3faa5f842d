import { expect, test } from 'vitest'
import { dataFromJson, dataJson } from '../../../src/shell/text/json-values.ts'

test.each([
  ['text', new TextEncoder().encode('grün'), false, { data: 'grün', encoding: 'utf8' }],
  ['no bytes', new Uint8Array(0), false, { data: '', encoding: 'utf8' }],
  ['no data', new Uint8Array(0), true, { data: null, encoding: null }],
  ['bytes that are no text', Uint8Array.of(0xff, 0x00), false, { data: '/wA=', encoding: 'base64' }],
  ['a mark of byte order', Uint8Array.of(0xef, 0xbb, 0xbf), false, { data: '\ufeff', encoding: 'utf8' }],
] as const)('%s survives the way into JSON and back', (_name, data, isNull, json) => {
  const written = dataJson({ data, isNull })
  expect(written).toEqual(json)
  expect(dataFromJson(written.data, written.encoding)).toEqual(isNull ? null : data)
})
