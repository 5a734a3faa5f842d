import { record, type SchemaFile } from './definition.ts'

/** Fixed parts of the two kinds of file. */
export const snapshot: SchemaFile = {
  name: 'snapshot-records',
  about: 'Fixed parts of the log and snapshot files.',
  records: [
    record('FileHeader', 'What a log and a snapshot begin with.', {
      magic: ['int', '`LOG_MAGIC` or `SNAPSHOT_MAGIC`.'],
      version: 'int',
      dbid: ['long', '0 in logs, -1 in snapshots; nobody reads it.'],
    }),
    record('StatPersisted', 'A znode in a snapshot, besides its path, data and ACL id.', {
      czxid: 'number',
      mzxid: 'number',
      ctime: 'number',
      mtime: 'number',
      version: 'int',
      cversion: ['int', 'Children ever created; removals do not count here.'],
      aversion: 'int',
      ephemeralOwner: ['long', 'Session, container or TTL mark: see `ephemeral-owner.ts`.'],
      pzxid: 'number',
    }),
  ],
}
