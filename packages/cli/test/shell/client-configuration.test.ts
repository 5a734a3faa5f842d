import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readClientConfiguration } from '../../src/shell/client-configuration.ts'

const PEM = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
const folder = mkdtempSync(join(tmpdir(), 'tskeeper-client-configuration-'))

beforeAll(() => {
  writeFileSync(join(folder, 'own.pem'), PEM)
  writeFileSync(join(folder, 'store.jks'), 'binary')
})
afterAll(() => rmSync(folder, { force: true, recursive: true }))

function write(...lines: string[]): string {
  writeFileSync(join(folder, 'client.properties'), `${lines.join('\n')}\n`)
  return 'client.properties'
}

test('a file that does not ask for security leaves connections plain', async () => {
  expect(await readClientConfiguration(write('zookeeper.request.timeout=0'), folder)).toBeNull()
})

test('stores in PEM become the settings of TLS', async () => {
  const file = write(
    'zookeeper.client.secure=true',
    'zookeeper.ssl.keyStore.location=own.pem',
    'zookeeper.ssl.keyStore.password=secret',
    'zookeeper.ssl.trustStore.location=own.pem',
    'zookeeper.ssl.hostnameVerification=false',
  )
  expect(await readClientConfiguration(file, folder)).toEqual({
    ca: PEM,
    certificate: PEM,
    key: PEM,
    passphrase: 'secret',
    verifyHostName: false,
  })
})

test('a store of another kind is refused with the way to turn it into PEM', async () => {
  const file = write('zookeeper.client.secure=true', 'zookeeper.ssl.trustStore.location=store.jks')
  await expect(readClientConfiguration(file, folder)).rejects.toMatchObject({
    message: expect.stringMatching(/^zookeeper\.ssl\.trustStore\.location: store\.jks is not PEM\. Turn a PKCS12 store into PEM/),
    exitCode: 2,
  })
})

test('a file that is not there is named', async () => {
  await expect(readClientConfiguration('missing', folder)).rejects.toMatchObject({
    message: expect.stringMatching(/^missing cannot be read: ENOENT/),
    exitCode: 2,
  })
})
