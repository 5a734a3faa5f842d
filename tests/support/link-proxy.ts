// The links between members of an ensemble, each through a small proxy in this process that can cut it or hold it up. Every ordered
// pair of members has its own: what server 1 dials to reach server 2 is not what server 3 dials.

import { connect, createServer, type Server, type Socket } from 'node:net'
import type { MemberPorts } from './process-ensemble.ts'

const HOST = '127.0.0.1'

/** How a link is at the moment: whole, refused and reset, or open with nothing that passes. */
export type LinkState = 'whole' | 'cut' | 'held'

/** Told of bytes that pass between a member and the one that it dialled. */
export type LinkTap = (from: number, to: number, way: 'there' | 'back', bytes: Buffer) => void

interface Proxy {
  readonly server: Server
  readonly port: number
  readonly pairs: Set<readonly [Socket, Socket]>
}

interface Link {
  state: LinkState
  readonly quorum: Proxy
  readonly election: Proxy
}

export class LinkProxies implements AsyncDisposable {
  readonly #links = new Map<string, Link>()
  /** Sees what goes over the links of learners; null while nobody looks. */
  tap: LinkTap | null = null

  /** Opens the way from one member to another, whose own ports are these. */
  async open(from: number, to: number, ports: MemberPorts): Promise<void> {
    const state = (): LinkState => this.#links.get(keyOf(from, to))?.state ?? 'whole'
    const [quorum, election] = await Promise.all([
      openProxy(ports.quorum, state, (way, bytes) => this.tap?.(from, to, way, bytes)),
      openProxy(ports.election, state, () => {}),
    ])
    this.#links.set(keyOf(from, to), { state: 'whole', quorum, election })
  }

  /** Where `from` finds `to`. */
  addressOf(from: number, to: number): { readonly quorum: number; readonly election: number } {
    const link = this.#links.get(keyOf(from, to))
    if (link === undefined) throw new Error(`there is no link from ${from} to ${to}`)
    return { quorum: link.quorum.port, election: link.election.port }
  }

  /** Changes the links between two members, whoever dialled. */
  set(one: number, other: number, state: LinkState): void {
    for (const key of [keyOf(one, other), keyOf(other, one)]) {
      const link = this.#links.get(key)
      if (link === undefined) continue
      link.state = state
      for (const proxy of [link.quorum, link.election]) applyState(proxy, state)
    }
  }

  healAll(): void {
    for (const link of this.#links.values()) {
      link.state = 'whole'
      for (const proxy of [link.quorum, link.election]) applyState(proxy, 'whole')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { quorum, election } of this.#links.values()) {
      for (const proxy of [quorum, election]) {
        for (const pair of proxy.pairs) for (const socket of pair) socket.destroy()
        await new Promise((resolve) => proxy.server.close(resolve))
      }
    }
  }
}

function keyOf(from: number, to: number): string {
  return `${from}-${to}`
}

function applyState(proxy: Proxy, state: LinkState): void {
  for (const pair of proxy.pairs) {
    for (const socket of pair) {
      if (state === 'cut') socket.resetAndDestroy()
      else if (state === 'held') socket.pause()
      else socket.resume()
    }
  }
}

type Passing = (way: 'there' | 'back', bytes: Buffer) => void

function openProxy(targetPort: number, state: () => LinkState, passing: Passing): Promise<Proxy> {
  return new Promise((resolve, reject) => {
    const pairs = new Set<readonly [Socket, Socket]>()
    const server = createServer({ allowHalfOpen: true }, (near) => {
      if (state() === 'cut') {
        near.resetAndDestroy()
        return
      }
      const far = connect({ host: HOST, port: targetPort, allowHalfOpen: true })
      const pair = [near, far] as const
      pairs.add(pair)
      near.on('data', (bytes) => passing('there', bytes))
      far.on('data', (bytes) => passing('back', bytes))
      join(near, far, () => pairs.delete(pair))
      if (state() === 'held') for (const socket of pair) socket.pause()
    })
    server.once('error', reject)
    server.listen(0, HOST, () => {
      const address = server.address()
      resolve({ server, port: address !== null && typeof address === 'object' ? address.port : 0, pairs })
    })
  })
}

/** What comes from one goes to the other, without a queue of its own: who does not read is not read for. */
function join(near: Socket, far: Socket, gone: () => void): void {
  for (const [source, sink] of [
    [near, far],
    [far, near],
  ] as const) {
    source.setNoDelay(true)
    source.pipe(sink)
    source.once('error', () => sink.destroy())
    source.once('close', () => {
      sink.destroy()
      gone()
    })
  }
}
