import { expect, test } from 'vitest'
import { mountedOver } from '../../src/compare/machine-facts.ts'

const MOUNTS = '/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/vdb /tmp/disk xfs rw 0 0\n'

test.each([
  ['/', 'ext4'],
  ['/home/data', 'ext4'],
  ['/tmp', 'tmpfs'],
  ['/tmp/data', 'tmpfs'],
  ['/tmpfile', 'ext4'],
  ['/tmp/disk/data', 'xfs'],
])('%s lies on %s', (path, name) => {
  expect(mountedOver(path, MOUNTS)).toBe(name)
})
