import { expect, test } from 'vitest'
import { LastZxid } from '../../src/session/last-zxid.ts'

function noted(...zxids: bigint[]): bigint {
  const last = new LastZxid()
  for (const zxid of zxids) {
    const view = new DataView(new ArrayBuffer(8))
    view.setBigInt64(0, zxid)
    last.note(view, 0)
  }
  return last.value
}

test('the highest zxid stays, also beyond what a number holds exactly', () => {
  expect(noted(5n, 3n)).toBe(5n)
  expect(noted(0x1_0000_0005n, 0xffff_ffffn)).toBe(0x1_0000_0005n)
  expect(noted(0xffff_ffffn, 0x1_0000_0000n)).toBe(0x1_0000_0000n)
  expect(noted(0x7000_0000_ffff_fff0n, 0x7000_0000_ffff_fff1n)).toBe(0x7000_0000_ffff_fff1n)
})

test('what is no zxid changes nothing', () => {
  expect(noted(7n, -1n, 0n)).toBe(7n)
})
