import { record, type SchemaFile } from './definition.ts'

/** What opens a connection and frames the messages on it. */
export const connection: SchemaFile = {
  name: 'connection-records',
  about: 'What opens a connection, what frames the messages on it, and who its client is.',
  records: [
    record('ConnectRequest', 'The first message of a client. It has no header.', {
      protocolVersion: 'int',
      lastZxidSeen: 'number',
      timeoutMs: ['int', 'The session timeout that the client asks for.'],
      sessionId: ['long', '0 asks for a new session.'],
      password: 'buffer',
      readOnly: ['boolean?', 'Whether a read-only server will do; old clients do not send it.'],
    }),
    record('ConnectResponse', 'The answer to a ConnectRequest. It has no header.', {
      protocolVersion: 'int',
      timeoutMs: ['int', 'The timeout that was granted; 0 refuses the session.'],
      sessionId: 'long',
      password: 'buffer',
      readOnly: ['boolean?', 'Sent only to clients that sent theirs.'],
    }),
    record('RequestHeader', 'What every request but the first begins with.', {
      xid: 'int',
      type: ['int', 'An opcode, see `Op`.'],
    }),
    record('ReplyHeader', 'What every reply and notification begins with; nothing follows it when `err` is not 0.', {
      xid: 'int',
      zxid: 'number',
      err: ['int', 'See `ErrorCode`.'],
    }),
    record('MultiHeader', 'What each part of a multi begins with, and what ends the list.', {
      type: ['int', 'An opcode, or -1 for an error result and for the end.'],
      done: ['boolean', 'True in the header that ends the list.'],
      err: ['int', '-1 in requests and at the end.'],
    }),
    record('WatcherEvent', 'The body of a notification.', {
      type: ['int', 'See `EventType`.'],
      state: ['int', 'See `KeeperState`.'],
      path: 'ustring',
    }),
    record('AuthPacket', 'Adds an identity to the connection.', {
      type: ['int', 'Always 0, and ignored.'],
      scheme: 'ustring',
      auth: 'buffer',
    }),
    record('GetSaslRequest', "A client's token in a SASL exchange.", { token: 'buffer' }),
    record('SetSaslRequest', 'A token in the other direction; nobody sends it.', { token: 'buffer' }),
    record('SetSaslResponse', "The server's token in a SASL exchange.", { token: 'buffer' }),
  ],
}
