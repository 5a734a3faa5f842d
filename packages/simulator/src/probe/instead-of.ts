type Method = (...args: never[]) => unknown

/** The own method, which is called with `call` or `apply`. */
export interface Original {
  call(self: object, ...args: readonly unknown[]): unknown
  apply(self: object, args: readonly unknown[]): unknown
}

/** A class with these methods, private ones included. */
interface Class {
  readonly name: string
  readonly prototype: object
}

/**
 * Puts another method in the place of a class's own, for all its instances. `make` gets the own one and gives back what takes its place.
 * Returns what puts the own one back. Throws if there is no such method: it has another name now.
 */
export function insteadOf(owner: Class, name: string, make: (original: Original) => Method): () => void {
  const prototype = owner.prototype as Record<string, unknown>
  const original = prototype[name]
  if (typeof original !== 'function') throw new Error(`${owner.name} has no method ${name}`)
  prototype[name] = make(original)
  return () => {
    prototype[name] = original
  }
}
