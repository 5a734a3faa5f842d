import { connect, type Socket } from 'node:net'
import { type Channel, type ChannelReceiver, type Transport, ViewedBuffer } from './transport.ts'

const INPUT_BYTES = 262144

/** A server's address. */
export interface ServerAddress {
  readonly host: string
  readonly port: number
}

/**
 * Connections over TCP. All of them read into one buffer: a read and its callback happen in one go, so
 * nothing else can come between, and no memory is taken for each chunk.
 */
export class SocketTransport implements Transport {
  private readonly addresses: readonly ServerAddress[]
  private readonly input = new ViewedBuffer(INPUT_BYTES)

  constructor(addresses: readonly ServerAddress[]) {
    this.addresses = addresses
  }

  get serverCount(): number {
    return this.addresses.length
  }

  connect(receiver: ChannelReceiver, server: number): Channel {
    return new SocketChannel(this.addresses[server % this.addresses.length] as ServerAddress, this.input, receiver)
  }
}

class SocketChannel implements Channel {
  private readonly socket: Socket

  constructor(address: ServerAddress, input: ViewedBuffer, receiver: ChannelReceiver) {
    let failure: Error | null = null
    this.socket = connect({
      host: address.host,
      port: address.port,
      noDelay: true,
      onread: {
        buffer: input.bytes,
        callback: (length) => {
          receiver.onBytes(input, length)
          return true
        },
      },
    })
    this.socket.on('error', (error) => {
      failure = error
    })
    this.socket.on('close', () => receiver.onClosed(failure))
  }

  write(bytes: Uint8Array, onWritten: () => void): void {
    this.socket.write(bytes, onWritten)
  }

  destroy(): void {
    this.socket.destroy()
  }
}
