import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readLaunchSettings } from '../../src/server/launch-settings.ts'
import { start } from '../../src/server/start.ts'
import { FakeSurroundings } from '../fake-surroundings.ts'

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tskeeper-start-'))
  writeFileSync(join(directory, 'zoo.cfg'), `dataDir=${join(directory, 'data')}\n`)
})

afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

/** Here the time of grace never ends, so that a server that fails is never taken for a slow one. */
class PatientSurroundings extends FakeSurroundings {
  override async sleep(): Promise<void> {
    await new Promise<void>(() => {})
  }
}

test('a server that ends at once is reported; its process id file and its output stay', async () => {
  // An option that the runtime does not know makes every start fail.
  const environment = {
    ZOOCFGDIR: directory,
    ZOO_LOG_DIR: join(directory, 'logs'),
    USER: 'u',
    HOSTNAME: 'h',
    NODE_FLAGS: '--no-such-option',
  }
  const surroundings = new PatientSurroundings(environment, directory)
  const settings = readLaunchSettings({ configDirectory: null, configFile: null }, surroundings)
  expect(await start(settings, surroundings)).toBe(1)
  const logFile = join(directory, 'logs', 'zookeeper-u-server-h.out')
  expect(surroundings.stdout).toBe('Starting zookeeper ... FAILED TO START\n')
  expect(surroundings.stderr).toBe(`The reason is in ${logFile}.\n`)
  expect(readFileSync(logFile, 'utf8')).toContain('--no-such-option')
  expect(existsSync(join(directory, 'data', 'zookeeper_server.pid'))).toBe(true)
})

test('a server that cannot be run at all is reported', async () => {
  writeFileSync(join(directory, 'file'), '')
  const surroundings = new PatientSurroundings({ ZOOCFGDIR: directory, ZOO_LOG_DIR: join(directory, 'file', 'logs') }, directory)
  const settings = readLaunchSettings({ configDirectory: null, configFile: null }, surroundings)
  expect(await start(settings, surroundings)).toBe(1)
  expect(surroundings.stdout).toBe('Starting zookeeper ... SERVER DID NOT START\n')
  expect(surroundings.stderr).toContain('ENOTDIR')
})
