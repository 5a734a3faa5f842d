/** Releases of Apache's server that Debian does not have, fetched by Maven into `.tmp`, where they stay. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = dirname(fileURLToPath(import.meta.url))
const REPOSITORY = join(FOLDER, '..', '..')
const FETCH_TIMEOUT_MS = 300_000

export type ApacheRelease = { readonly version: string; readonly classPath: string } | { readonly problem: string }

/** The newest release of this line, `3.9` for example; a problem if there is none, or none that can be fetched here. */
export function fetchApacheRelease(line: string): ApacheRelease {
  const pom = join(FOLDER, `apache-${line}`, 'pom.xml')
  if (!existsSync(pom)) return { problem: `there is no ${pom}` }
  const version = /<artifactId>zookeeper<\/artifactId>\s*<version>([^<]+)</.exec(readFileSync(pom, 'utf8'))?.[1] ?? ''
  const directory = join(REPOSITORY, '.tmp', `apache-${version}`)
  const jar = join(directory, `zookeeper-${version}.jar`)
  if (!existsSync(jar)) {
    const goal = ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${directory}`]
    const { error, stdout } = spawnSync('mvn', goal, { encoding: 'utf8', timeout: FETCH_TIMEOUT_MS })
    if (error !== undefined) return { problem: `Maven cannot be run: ${error.message}` }
    if (!existsSync(jar)) return { problem: `Maven does not get ${version}: ${stdout.trim().slice(0, 500)}` }
  }
  return { version, classPath: join(directory, '*') }
}
