import type { Disk } from '../runtime/disk.ts'
import { ConfigError } from './config-error.ts'

/** The number in the first line of the file `myid`; null when there is no such file. Throws `ConfigError` for anything else. */
export function readMyId(disk: Pick<Disk, 'exists' | 'readFile'>, path: string): number | null {
  if (!disk.exists(path)) return null
  const bytes = disk.readFile(path)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  const line = text.split(/\r?\n/, 1)[0] ?? ''
  // Blanks around the number are no reason to stop a server; Apache's stops.
  const number = /^[+-]?\d+$/.test(line.trim()) ? Number(line.trim()) : Number.NaN
  if (Number.isSafeInteger(number)) return number
  throw new ConfigError(
    `serverid ${line} is not a number`,
    `the first line of ${path} must be the id of this server, from 0 to 255`,
  )
}
