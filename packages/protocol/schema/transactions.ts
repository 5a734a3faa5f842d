import { record, type SchemaFile } from './definition.ts'

/** Transactions, as the log, the PROPOSAL and the INFORM packets carry them. */
export const transactions: SchemaFile = {
  name: 'transaction-records',
  about: 'Transactions, as the log and the packets between servers carry them: results, never relative changes.',
  records: [
    record('TxnHeader', 'What every transaction begins with.', {
      clientId: ['long', 'The session that asked for it.'],
      cxid: ['int', "The request's xid; 0 when no client asked."],
      zxid: 'number',
      time: ['number', "The leader's clock, milliseconds since the epoch: the node's ctime or mtime."],
      type: ['int', 'An opcode, see `Op`; it says which record follows.'],
    }),
    record('TxnDigest', 'What a transaction may end with: the digest of the whole tree after it.', {
      version: ['int', 'How the digest is made, see `DIGEST_VERSION`.'],
      treeDigest: 'long',
    }),
    record('CreateTxn', 'create and create2.', {
      path: ['ustring', 'The final path, with its sequence number.'],
      data: 'buffer',
      acl: 'vector<Acl>',
      ephemeral: 'boolean',
      parentCVersion: ['int', "The parent's stored cversion afterwards; -1 is one more than before."],
    }),
    record('CreateTxnV0', 'create, as very old servers logged it.', {
      path: 'ustring',
      data: 'buffer',
      acl: 'vector<Acl>',
      ephemeral: 'boolean',
    }),
    record('CreateContainerTxn', 'createContainer.', {
      path: 'ustring',
      data: 'buffer',
      acl: 'vector<Acl>',
      parentCVersion: 'int',
    }),
    record('CreateTtlTxn', 'createTTL.', {
      path: 'ustring',
      data: 'buffer',
      acl: 'vector<Acl>',
      parentCVersion: 'int',
      ttl: ['number', 'Milliseconds.'],
    }),
    record('DeleteTxn', 'delete and deleteContainer.', { path: 'ustring' }),
    record('SetDataTxn', 'setData and reconfig.', {
      path: 'ustring',
      data: 'buffer',
      version: ['int', 'The version afterwards.'],
    }),
    record('SetAclTxn', 'setACL.', { path: 'ustring', acl: 'vector<Acl>', version: ['int', 'The aversion afterwards.'] }),
    record('CheckVersionTxn', 'check, only inside a multi.', {
      path: 'ustring',
      version: ['int', 'One more than the version found.'],
    }),
    record('CreateSessionTxn', 'createSession.', { timeoutMs: 'int' }),
    record('CloseSessionTxn', 'closeSession: every ephemeral node of the session.', { paths: 'vector<text>' }),
    record('ErrorTxn', 'A request that was refused after it had got its zxid.', { err: ['int', 'See `ErrorCode`.'] }),
    record('Txn', "A multi's part: the bytes of the record that `type` names.", { type: 'int', data: 'buffer' }),
    record('MultiTxn', 'multi.', { txns: 'vector<Txn>' }),
    record('SetMaxChildrenTxn', 'A leftover of the protocol that no server logs.', { path: 'ustring', max: 'int' }),
  ],
}
