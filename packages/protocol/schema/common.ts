import { record, type SchemaFile } from './definition.ts'

/** Records that requests, replies and transactions share. */
export const common: SchemaFile = {
  name: 'common-records',
  about: 'Records that requests, replies and transactions share.',
  records: [
    record('Acl', 'One entry of an access control list; its identity (scheme and id) is flattened into it.', {
      perms: ['int', 'Permission bits, see `Perm`.'],
      scheme: 'text',
      id: 'text',
    }),
    record('Stat', 'What a client may know of a znode besides its data.', {
      czxid: ['number', 'Zxid that created the node.'],
      mzxid: ['number', 'Zxid of the last change of its data.'],
      ctime: ['number', 'Milliseconds since the epoch.'],
      mtime: ['number', 'Milliseconds since the epoch.'],
      version: ['int', 'Changes of the data.'],
      cversion: ['int', 'Changes of the list of children, see `clientCversion`.'],
      aversion: ['int', 'Changes of the access control list.'],
      ephemeralOwner: ['long', 'The session of an ephemeral node, else 0: container and TTL marks are not shown.'],
      dataLength: 'int',
      numChildren: 'int',
      pzxid: ['number', 'Zxid of the last creation or removal of a child.'],
    }),
    record('ClientInfo', 'One identity that a connection holds.', {
      authScheme: 'ustring',
      user: 'ustring',
    }),
  ],
}
