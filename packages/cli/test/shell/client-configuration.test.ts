import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readClientConfiguration } from '../../src/shell/client-configuration.ts'
import { FakeSurroundings } from '../fake-surroundings.ts'

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

function read(file: string | null, environment: Record<string, string> = {}): ReturnType<typeof readClientConfiguration> {
  return readClientConfiguration(file, new FakeSurroundings(environment, folder))
}

test('a file that does not ask for security leaves connections plain', async () => {
  expect(await read(write('zookeeper.request.timeout=0'))).toEqual({})
})

test('stores in PEM become the settings of TLS', async () => {
  const file = write(
    'zookeeper.client.secure=true',
    'zookeeper.ssl.keyStore.location=own.pem',
    'zookeeper.ssl.keyStore.password=secret',
    'zookeeper.ssl.trustStore.location=own.pem',
    'zookeeper.ssl.hostnameVerification=false',
  )
  expect(await read(file)).toEqual({
    tls: { ca: PEM, certificate: PEM, key: PEM, passphrase: 'secret', verifyHostName: false },
  })
})

test('a store of another kind is refused with the way to turn it into PEM', async () => {
  const file = write('zookeeper.client.secure=true', 'zookeeper.ssl.trustStore.location=store.jks')
  await expect(read(file)).rejects.toMatchObject({
    message: expect.stringMatching(/^zookeeper\.ssl\.trustStore\.location: store\.jks is not PEM\. Turn a PKCS12 store into PEM/),
    exitCode: 2,
  })
})

test('a file that is not there is named', async () => {
  await expect(read('missing')).rejects.toMatchObject({
    message: expect.stringMatching(/^missing cannot be read: ENOENT/),
    exitCode: 2,
  })
})

test('flags of the virtual machine are read for their properties, and the file wins over them', async () => {
  const environment = {
    CLIENT_JVMFLAGS: '-Xmx256m -Djute.maxbuffer=0x400000 -Dzookeeper.request.timeout=500 -Dzookeeper.client.secure=true',
    JVMFLAGS: '-Dzookeeper.ssl.trustStore.location="own.pem" -Dzookeeper.request.timeout=700',
  }
  expect(await read(null, environment)).toEqual({
    maxPacketBytes: 4_194_304,
    requestTimeoutMs: 700,
    tls: { ca: PEM, verifyHostName: true },
  })
  expect(await read(write('zookeeper.client.secure=false', 'zookeeper.request.timeout = 900'), environment)).toEqual({
    maxPacketBytes: 4_194_304,
    requestTimeoutMs: 900,
  })
})

test('a password may stand in a file of its own', async () => {
  writeFileSync(join(folder, 'password'), 'from a file\n')
  const file = write('zookeeper.client.secure=true', 'zookeeper.ssl.keyStore.passwordPath=password')
  expect(await read(file)).toEqual({ tls: { passphrase: 'from a file', verifyHostName: true } })
})

test('a number that is none is refused by name', async () => {
  await expect(read(write('jute.maxbuffer=big'))).rejects.toThrow('jute.maxbuffer is a whole number, not big')
})
