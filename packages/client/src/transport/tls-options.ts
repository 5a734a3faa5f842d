/** PEM text or bytes. */
export type Pem = string | Uint8Array

/** How connections are encrypted. An empty object is TLS with the platform's certificate authorities. */
export interface TlsOptions {
  /** Certificate authorities that a server's certificate may come from. */
  readonly ca?: Pem | readonly Pem[]
  /** The client's own certificate chain, for servers that ask for one. */
  readonly certificate?: Pem
  /** The private key of `certificate`. */
  readonly key?: Pem
  /** Opens an encrypted `key`. */
  readonly passphrase?: string
  /** Name that the server's certificate must carry, in place of the host in the connect string. */
  readonly serverName?: string
  /** Whether the certificate's chain is verified. True unless said otherwise; false is for tests. */
  readonly verifyCertificate?: boolean
  /** Whether the certificate must carry the server's name. True unless said otherwise. */
  readonly verifyHostName?: boolean
  /** Oldest version that is accepted. */
  readonly versionMin?: 'TLSv1.2' | 'TLSv1.3'
  /** OpenSSL's notation. */
  readonly ciphers?: string
}
