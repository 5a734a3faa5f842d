import { record, type SchemaFile } from './definition.ts'

/** What servers of an ensemble say to each other. Server ids are numbers here: real ones are small, -2^63 is exact. */
export const quorum: SchemaFile = {
  name: 'quorum-records',
  about: 'What servers of an ensemble say to each other, except for votes.',
  records: [
    record('AuthId', 'One identity of the client whose request is forwarded.', { scheme: 'ustring', id: 'ustring' }),
    record(
      'QuorumPacket',
      'Everything on the link between a learner and its leader; the links of votes have a format of their own.',
      {
        type: ['int', 'See `QuorumPacketType`.'],
        zxid: ['number', '-1 where the packet is about no transaction.'],
        data: 'buffer',
        authinfo: ['vector<AuthId>', 'Of a REQUEST only.'],
      },
    ),
    record('LearnerInfo', 'The data of FOLLOWERINFO and OBSERVERINFO.', {
      serverId: 'number',
      protocolVersion: ['int', 'See `LEARNER_PROTOCOL_VERSION`.'],
      configVersion: ['number', 'Version of the configuration that the learner knows to be agreed on.'],
    }),
    record('ForwardedRequestHeader', "What the data of a REQUEST begins with; the client's request follows without its header.", {
      sessionId: 'long',
      cxid: ['int', "The request's xid: session and cxid tell the learner that a transaction is its own client's."],
      type: ['int', 'An opcode, see `Op`.'],
    }),
    record(
      'SessionTouch',
      'A session that is in use: the data of REVALIDATE to the leader, and one entry of the data of a PING to it.',
      {
        sessionId: 'long',
        timeoutMs: 'int',
      },
    ),
    record('RevalidateReply', "The data of the leader's REVALIDATE.", {
      sessionId: 'long',
      isValid: ['boolean', 'False for a session that expired or never was.'],
    }),
    record('QuorumAuthPacket', "A step of the servers' authentication, before anything else on a connection.", {
      magic: ['long', 'Always `QUORUM_AUTH_MAGIC`; other bytes are no such packet.'],
      status: ['int', 'See `QuorumAuthStatus`.'],
      token: 'buffer',
    }),
  ],
}
