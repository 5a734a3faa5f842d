/** What the suite uses of npm's node-zookeeper-client, which comes without types. */
declare module 'node-zookeeper-client' {
  import type { EventEmitter } from 'node:events'

  export interface ClientError extends Error {
    readonly name: string
    readonly code: number
  }

  export interface Stat {
    readonly version: number
    readonly cversion: number
    readonly aversion: number
    readonly dataLength: number
    readonly numChildren: number
    readonly ephemeralOwner: Buffer
    readonly czxid: Buffer
    readonly mzxid: Buffer
    readonly pzxid: Buffer
  }

  export interface WatchEvent {
    readonly type: number
    readonly name: string
    readonly path: string
  }

  export interface ClientAcl {
    readonly permission: number
    readonly id: ClientId
  }

  export interface ClientId {
    readonly scheme: string
    readonly id: string
  }

  export interface TransactionResult {
    readonly type: number
    readonly path?: string
    readonly stat?: Stat
    readonly err?: number
  }

  export interface Transaction {
    create(path: string, data?: Buffer, acls?: readonly ClientAcl[], mode?: number): Transaction
    check(path: string, version?: number): Transaction
    setData(path: string, data: Buffer, version?: number): Transaction
    remove(path: string, version?: number): Transaction
    commit(callback: (error: ClientError | null, results: readonly TransactionResult[]) => void): void
  }

  export interface Client extends EventEmitter {
    connect(): void
    close(): void
    getState(): { readonly name: string }
    getSessionId(): Buffer
    getSessionPassword(): Buffer
    getSessionTimeout(): number
    addAuthInfo(scheme: string, auth: Buffer): void
    create(
      path: string,
      data: Buffer | null,
      acls: readonly ClientAcl[],
      mode: number,
      callback: (error: ClientError | null, path: string) => void,
    ): void
    remove(path: string, version: number, callback: (error: ClientError | null) => void): void
    removeRecursive(path: string, version: number, callback: (error: ClientError | null) => void): void
    setData(path: string, data: Buffer | null, version: number, callback: (error: ClientError | null, stat: Stat) => void): void
    getData(
      path: string,
      watcher: ((event: WatchEvent) => void) | null,
      callback: (error: ClientError | null, data: Buffer | undefined, stat: Stat) => void,
    ): void
    setACL(
      path: string,
      acls: readonly ClientAcl[],
      version: number,
      callback: (error: ClientError | null, stat: Stat) => void,
    ): void
    getACL(path: string, callback: (error: ClientError | null, acls: readonly ClientAcl[], stat: Stat) => void): void
    exists(
      path: string,
      watcher: ((event: WatchEvent) => void) | null,
      callback: (error: ClientError | null, stat: Stat | null) => void,
    ): void
    getChildren(
      path: string,
      watcher: ((event: WatchEvent) => void) | null,
      callback: (error: ClientError | null, children: string[], stat: Stat) => void,
    ): void
    listSubTreeBFS(path: string, callback: (error: ClientError | null, paths: string[]) => void): void
    mkdirp(path: string, callback: (error: ClientError | null, path: string) => void): void
    transaction(): Transaction
  }

  interface Library {
    createClient(connectionString: string, options?: { sessionTimeout?: number; spinDelay?: number; retries?: number }): Client
    readonly ACL: {
      new (permission: number, id: ClientId): ClientAcl
      readonly OPEN_ACL_UNSAFE: readonly ClientAcl[]
      readonly CREATOR_ALL_ACL: readonly ClientAcl[]
      readonly READ_ACL_UNSAFE: readonly ClientAcl[]
    }
    readonly Id: { new (scheme: string, id: string): ClientId }
    readonly Permission: { readonly READ: number; readonly WRITE: number; readonly ADMIN: number; readonly ALL: number }
    readonly CreateMode: {
      readonly PERSISTENT: number
      readonly PERSISTENT_SEQUENTIAL: number
      readonly EPHEMERAL: number
      readonly EPHEMERAL_SEQUENTIAL: number
    }
  }

  const library: Library
  export default library
}
