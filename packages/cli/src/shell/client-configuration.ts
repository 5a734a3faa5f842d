// Settings of the client that installations already have: system properties within CLIENT_JVMFLAGS and JVMFLAGS (`-Dname=value`), and the
// properties file behind -client-configuration, which wins over them.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ClientOptions, TlsOptions } from '@tskeeper/client'
import type { Surroundings } from '../surroundings.ts'
import { ShellError } from './shell-error.ts'

/** Exit code for settings that cannot be used. */
export const EXIT_BAD_CONFIGURATION = 2

type Properties = ReadonlyMap<string, string>

/** What the properties say about TLS, the largest packet and the time-out of requests. */
export async function readClientConfiguration(file: string | null, surroundings: Surroundings): Promise<ClientOptions> {
  const properties = new Map(systemProperties(surroundings.environment))
  if (file !== null) {
    const text = readText(file, '', surroundings)
    const { getProperties } = await import('properties-file')
    for (const [key, value] of Object.entries(getProperties(text))) properties.set(key, value.trim())
  }
  const maxPacketBytes = wholeNumber(properties, 'jute.maxbuffer')
  const requestTimeoutMs = wholeNumber(properties, 'zookeeper.request.timeout')
  const tls = readTls(properties, surroundings)
  return {
    ...(maxPacketBytes === null ? {} : { maxPacketBytes }),
    // 0 is how the other clients say that there is none.
    ...(requestTimeoutMs === null || requestTimeoutMs === 0 ? {} : { requestTimeoutMs }),
    ...(tls === null ? {} : { tls }),
  }
}

/** Of a property that is given twice the last one counts, and JVMFLAGS come last. */
function systemProperties(environment: Surroundings['environment']): Map<string, string> {
  const properties = new Map<string, string>()
  for (const flags of [environment['CLIENT_JVMFLAGS'], environment['JVMFLAGS']]) {
    for (const word of (flags ?? '').split(/\s+/)) {
      const match = /^-D([^=]+)=(.*)$/.exec(word)
      if (match !== null) properties.set(match[1] ?? '', withoutQuotes(match[2] ?? ''))
    }
  }
  return properties
}

function withoutQuotes(text: string): string {
  return /^(["']).*\1$/.test(text) ? text.slice(1, -1) : text
}

function wholeNumber(properties: Properties, key: string): number | null {
  const text = properties.get(key)
  if (text === undefined || text === '') return null
  if (!/^(0x[0-9a-fA-F]{1,7}|\d{1,9})$/.test(text)) throw configurationError(`${key} is a whole number, not ${text}`, null)
  return Number(text)
}

function readTls(properties: Properties, surroundings: Surroundings): TlsOptions | null {
  if (properties.get('zookeeper.client.secure') !== 'true') return null
  const keyStore = readPem(properties, 'zookeeper.ssl.keyStore.location', surroundings)
  const trustStore = readPem(properties, 'zookeeper.ssl.trustStore.location', surroundings)
  const passphrase = readPassword(properties, 'zookeeper.ssl.keyStore.password', surroundings)
  return {
    ...(trustStore === null ? {} : { ca: trustStore }),
    ...(keyStore === null ? {} : { certificate: keyStore, key: keyStore }),
    ...(passphrase === '' ? {} : { passphrase }),
    verifyHostName: properties.get('zookeeper.ssl.hostnameVerification') !== 'false',
  }
}

/** The password itself, or the content of the file that `<key>Path` names. */
function readPassword(properties: Properties, key: string, surroundings: Surroundings): string {
  const file = properties.get(`${key}Path`) ?? ''
  if (file === '') return properties.get(key) ?? ''
  return readText(file, `${key}Path: `, surroundings).trimEnd()
}

function readPem(properties: Properties, key: string, surroundings: Surroundings): string | null {
  const file = properties.get(key) ?? ''
  if (file === '') return null
  const text = readText(file, `${key}: `, surroundings)
  if (text.includes('-----BEGIN ')) return text
  throw configurationError(
    `${key}: ${file} is not PEM. Turn a PKCS12 store into PEM with: openssl pkcs12 -in ${file} -out store.pem`,
    null,
  )
}

function readText(file: string, prefix: string, surroundings: Surroundings): string {
  try {
    return readFileSync(resolve(surroundings.workingDirectory, file), 'utf8')
  } catch (error) {
    throw configurationError(`${prefix}${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

function configurationError(message: string, cause: unknown): ShellError {
  return new ShellError(message, { code: 'BAD_CONFIGURATION', exitCode: EXIT_BAD_CONFIGURATION, cause })
}
