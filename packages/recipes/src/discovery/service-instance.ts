import { decodeJson, encodeJson } from '@tskeeper/client'

/** One running provider of a service. */
export interface ServiceInstance<P = unknown> {
  /** Name of the service. */
  readonly name: string
  /** Unique among the instances of the service. */
  readonly id: string
  readonly address: string
  readonly port: number
  /** Whatever else clients should know; must have a JSON form. */
  readonly payload: P
  /** When it was registered, milliseconds since 1970 by its own clock. */
  readonly registeredMs: number
  /** False while it should get no new work. */
  readonly isEnabled: boolean
}

/** The JSON of Curator's discovery, so that its clients can read ours and the other way round. */
export function encodeInstance(instance: ServiceInstance): Uint8Array {
  return encodeJson({
    name: instance.name,
    id: instance.id,
    address: instance.address,
    port: instance.port,
    sslPort: null,
    payload: instance.payload ?? null,
    registrationTimeUTC: instance.registeredMs,
    serviceType: 'DYNAMIC',
    uriSpec: null,
    enabled: instance.isEnabled,
  })
}

/** Null for what is not the description of an instance: others can write there, too, and one of them must not stop all. */
export function decodeInstance<P>(data: Uint8Array, payloadOf: (payload: unknown) => P): ServiceInstance<P> | null {
  try {
    const value = decodeJson(data)
    if (!isRecord(value)) return null
    const { name, id, address, port, payload, registrationTimeUTC, enabled } = value
    if (typeof name !== 'string' || typeof id !== 'string' || typeof address !== 'string' || typeof port !== 'number') return null
    const registeredMs = typeof registrationTimeUTC === 'number' ? registrationTimeUTC : 0
    return { name, id, address, port, payload: payloadOf(payload), registeredMs, isEnabled: enabled !== false }
  } catch {
    // Not JSON, or a payload that `payloadOf` refuses.
    return null
  }
}

interface InstanceRecord {
  readonly name?: unknown
  readonly id?: unknown
  readonly address?: unknown
  readonly port?: unknown
  readonly payload?: unknown
  readonly registrationTimeUTC?: unknown
  readonly enabled?: unknown
}

function isRecord(value: unknown): value is InstanceRecord {
  return typeof value === 'object' && value !== null
}
