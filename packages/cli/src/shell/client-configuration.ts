// The file behind -client-configuration: a properties file, of which the settings of TLS are what this client knows.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { TlsOptions } from '@tskeeper/client'
import { ShellError } from './shell-error.ts'

/** Exit code for a file that cannot be used. */
export const EXIT_BAD_CONFIGURATION = 2

/** The settings of TLS in the file, or null when connections are to be plain. */
export async function readClientConfiguration(file: string, workingDirectory: string): Promise<TlsOptions | null> {
  let text: string
  try {
    text = readFileSync(resolve(workingDirectory, file), 'utf8')
  } catch (error) {
    throw configurationError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, error)
  }
  const { getProperties } = await import('properties-file')
  const properties = new Map(Object.entries(getProperties(text)))
  if (properties.get('zookeeper.client.secure')?.trim() !== 'true') return null
  const read = (key: string): string | null => readPem(properties.get(key)?.trim() ?? null, key, workingDirectory)
  const keyStore = read('zookeeper.ssl.keyStore.location')
  const trustStore = read('zookeeper.ssl.trustStore.location')
  const passphrase = properties.get('zookeeper.ssl.keyStore.password')
  return {
    ...(trustStore === null ? {} : { ca: trustStore }),
    ...(keyStore === null ? {} : { certificate: keyStore, key: keyStore }),
    ...(passphrase === undefined || passphrase === '' ? {} : { passphrase }),
    verifyHostName: properties.get('zookeeper.ssl.hostnameVerification')?.trim() !== 'false',
  }
}

function readPem(file: string | null, key: string, workingDirectory: string): string | null {
  if (file === null || file === '') return null
  let text: string
  try {
    text = readFileSync(resolve(workingDirectory, file), 'utf8')
  } catch (error) {
    throw configurationError(`${key}: ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, error)
  }
  if (!text.includes('-----BEGIN ')) {
    throw configurationError(
      `${key}: ${file} is not PEM. Turn a PKCS12 store into PEM with: openssl pkcs12 -in ${file} -out store.pem`,
      null,
    )
  }
  return text
}

function configurationError(message: string, cause: unknown): ShellError {
  return new ShellError(message, { code: 'BAD_CONFIGURATION', exitCode: EXIT_BAD_CONFIGURATION, cause })
}
