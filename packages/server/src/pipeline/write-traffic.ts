import { Op } from '@tskeeper/protocol/server'
import type { NamespaceTraffic } from '../metrics/namespace-traffic.ts'

/** Session id, cxid, zxid, time and type: what stands in front of a transaction's record. */
const TXN_HEADER_BYTES = 32

/**
 * Counts a transaction that was applied without an error, `bytes` from `start` on: of creates, deletes and setDatas the
 * bytes of path and data, of a multi those of its parts. Nodes that go with their session were nobody's request.
 */
export function recordWriteTraffic(
  traffic: NamespaceTraffic,
  type: number,
  bytes: Uint8Array,
  view: DataView,
  start: number,
): void {
  const at = start + TXN_HEADER_BYTES
  if (type === Op.multi) recordMulti(traffic, bytes, view, at)
  else recordPart(traffic, type, bytes, view, at)
}

// int count, then for each part: int type, buffer with its record.
function recordMulti(traffic: NamespaceTraffic, bytes: Uint8Array, view: DataView, start: number): void {
  const count = view.getInt32(start)
  let at = start + 4
  for (let i = 0; i < count; i++) {
    recordPart(traffic, view.getInt32(at), bytes, view, at + 8)
    at += 8 + Math.max(view.getInt32(at + 4), 0)
  }
}

// ustring path, and for what brings data: buffer data.
function recordPart(traffic: NamespaceTraffic, type: number, bytes: Uint8Array, view: DataView, at: number): void {
  switch (type) {
    case Op.setData:
    case Op.create:
    case Op.create2:
    case Op.createContainer:
    case Op.createTTL: {
      const length = view.getInt32(at)
      const dataLength = view.getInt32(at + 4 + length)
      traffic.record(bytes, at + 4, length, length + (dataLength > 0 ? dataLength : 0))
      return
    }
    case Op.delete:
    case Op.deleteContainer: {
      const length = view.getInt32(at)
      traffic.record(bytes, at + 4, length, length)
      return
    }
  }
}
