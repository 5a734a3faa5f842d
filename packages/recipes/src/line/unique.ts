import type { Random } from '@tskeeper/client'

const BYTE_COUNT = 16

/** 128 random bits in the form of a version 4 UUID, from the client's own source of chance. */
export function makeUuid(random: Random): string {
  let hex = ''
  for (let index = 0; index < BYTE_COUNT; index += 1) {
    let byte = random.below(256)
    if (index === 6) byte = (byte & 0x0f) | 0x40
    if (index === 8) byte = (byte & 0x3f) | 0x80
    hex += byte.toString(16).padStart(2, '0')
  }
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
