import { connect, type Socket } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { TlsOptions } from './tls-options.ts'
import type { Transport, TransportConnection, TransportHandler, TransportTarget } from './transport.ts'

const INPUT_BYTES = 64 * 1024

/**
 * What every plain socket reads into. Handlers are done with it when they return, so one is enough for all: a buffer for each would
 * be most of what an idle client costs.
 */
const sharedInput = new Uint8Array(INPUT_BYTES)
const sharedView = new DataView(sharedInput.buffer)

/** Connections over the sockets of `node:net`, encrypted by `node:tls` if that is asked for. */
export const nodeTransport: Transport = {
  connect(target: TransportTarget, handler: TransportHandler): TransportConnection {
    const connection = new NodeConnection(handler)
    if (target.tls === null) connection.openPlain(target)
    else connection.openEncrypted(target, target.tls)
    return connection
  },
}

class NodeConnection implements TransportConnection {
  readonly #handler: TransportHandler
  #socket: Socket | null = null
  #isDestroyed = false
  #isWaitingForDrain = false
  #error: Error | null = null
  readonly #written = (): void => this.#writeFinished()

  constructor(handler: TransportHandler) {
    this.#handler = handler
  }

  openPlain(target: TransportTarget): void {
    const socket = connect({
      host: target.address,
      port: target.port,
      noDelay: true,
      onread: {
        buffer: sharedInput,
        callback: (length) => {
          this.#handler.onData(sharedInput, sharedView, length)
          return true
        },
      },
    })
    this.#attend(socket, 'connect')
  }

  /** TLS is loaded when it is wanted: it takes longer to load than everything else here. */
  openEncrypted(target: TransportTarget, tls: TlsOptions): void {
    import('node:tls').then(
      ({ connect: connectTls }) => {
        if (this.#isDestroyed) return this.#handler.onClose(null)
        let socket: TLSSocket
        try {
          socket = connectTls(tlsConnectionOptions(target, tls))
        } catch (error) {
          // A key or certificate that is none, or not each other's.
          return this.#handler.onClose(error instanceof Error ? error : new Error(String(error)))
        }
        socket.on('data', (chunk: Buffer) => {
          this.#handler.onData(chunk, new DataView(chunk.buffer, chunk.byteOffset, chunk.length), chunk.length)
        })
        this.#attend(socket, 'secureConnect')
      },
      (error: unknown) => this.#handler.onClose(error instanceof Error ? error : new Error(String(error))),
    )
  }

  #attend(socket: Socket, opened: 'connect' | 'secureConnect'): void {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.once(opened, () => this.#handler.onOpen())
    socket.on('error', (error) => {
      this.#error = error
    })
    socket.once('close', () => this.#handler.onClose(this.#error))
  }

  write(bytes: Uint8Array, length: number): boolean {
    const socket = this.#socket
    if (socket === null || socket.destroyed) return true
    socket.write(bytes.subarray(0, length), this.#written)
    // What the system took at once has left the stream's count by now, and the array with it.
    if (socket.writableLength === 0) return true
    this.#isWaitingForDrain = true
    return false
  }

  #writeFinished(): void {
    if (!this.#isWaitingForDrain || this.#socket === null || this.#socket.writableLength > 0) return
    this.#isWaitingForDrain = false
    if (!this.#socket.destroyed) this.#handler.onDrain()
  }

  destroy(): void {
    this.#isDestroyed = true
    this.#socket?.destroy()
  }
}

function tlsConnectionOptions(target: TransportTarget, tls: TlsOptions): ConnectionOptions {
  const name = tls.serverName ?? target.host
  const isAddress = /^[\d.]+$/.test(name) || name.includes(':')
  return {
    host: target.address,
    port: target.port,
    // An address cannot be announced as a name; the certificate is checked against it all the same.
    ...(isAddress ? {} : { servername: name }),
    ...(tls.ca === undefined ? {} : { ca: Array.isArray(tls.ca) ? tls.ca.map(pemText) : pemText(tls.ca as string | Uint8Array) }),
    ...(tls.certificate === undefined ? {} : { cert: pemText(tls.certificate) }),
    ...(tls.key === undefined ? {} : { key: pemText(tls.key) }),
    ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase }),
    ...(tls.versionMin === undefined ? {} : { minVersion: tls.versionMin }),
    ...(tls.ciphers === undefined ? {} : { ciphers: tls.ciphers }),
    rejectUnauthorized: tls.verifyCertificate ?? true,
    ...(tls.verifyHostName === false ? { checkServerIdentity: () => undefined } : {}),
  }
}

function pemText(pem: string | Uint8Array): string {
  return typeof pem === 'string' ? pem : new TextDecoder().decode(pem)
}
