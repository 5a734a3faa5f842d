// Hashes come from Node's crypto module, which is loaded at the first use: a server whose clients
// never authenticate starts sooner and stays smaller without it.

/** The hash of `data` in base64 with padding. `algorithm` is one that `isKnownHash` knows. */
export function hashBase64(algorithm: string, data: Uint8Array): string {
  return process.getBuiltinModule('node:crypto').createHash(algorithm).update(data).digest('base64')
}

/** Is there such a hash? Names are as in Java: `SHA1`, `SHA-256`, `SHA3-256`; case does not count. */
export function isKnownHash(algorithm: string): boolean {
  try {
    process.getBuiltinModule('node:crypto').createHash(algorithm)
    return true
  } catch {
    // Node throws for a name that OpenSSL does not have: that is the answer, not a failure.
    return false
  }
}
