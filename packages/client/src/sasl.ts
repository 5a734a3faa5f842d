/**
 * One side of a SASL exchange. The place for it is here; no mechanism comes with the client yet.
 * A new mechanism is begun for each connection.
 */
export interface SaslMechanism {
  /** The first token, or null when the server speaks first. */
  start(): Uint8Array | null
  /** The answer to a server's token, or null when the exchange is complete. Throws when the server's token is not good. */
  step(token: Uint8Array): Uint8Array | null
}
