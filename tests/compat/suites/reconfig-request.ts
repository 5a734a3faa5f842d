/** The request that changes an ensemble's members. */
import { type RawClient, RawReplyError } from '../../support/raw-client.ts'
import { RawOp } from '../../support/raw-records.ts'

export interface MembershipChange {
  /** Lines `server.N=...`, parted by commas. */
  readonly joining?: string
  /** Ids, parted by commas. */
  readonly leaving?: string
  /** The whole new configuration. */
  readonly members?: string
}

/** Resolves with the new configuration's text; the client must be the administrator. */
export async function reconfigure(client: RawClient, change: MembershipChange): Promise<string> {
  const reply = await client.request(RawOp.reconfig, (writer) => {
    writer.writeString(change.joining ?? null)
    writer.writeString(change.leaving ?? null)
    writer.writeString(change.members ?? null)
    writer.writeLong(-1n)
  })
  if (reply.err !== 0) throw new RawReplyError('reconfig', reply.err, reply.zxid)
  return new TextDecoder().decode(reply.body.readBuffer() ?? new Uint8Array())
}
