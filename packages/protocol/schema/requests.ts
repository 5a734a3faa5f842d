import { record, type SchemaFile } from './definition.ts'

/** Bodies of requests. */
export const requests: SchemaFile = {
  name: 'request-records',
  about: 'Bodies of requests, after the request header.',
  records: [
    record('CreateRequest', 'create, create2 and createContainer.', {
      path: 'ustring',
      data: 'buffer',
      acl: 'vector<Acl>',
      flags: ['int', 'See `CreateMode`.'],
    }),
    record('CreateTtlRequest', 'createTTL.', {
      path: 'ustring',
      data: 'buffer',
      acl: 'vector<Acl>',
      flags: ['int', 'See `CreateMode`.'],
      ttl: ['number', 'Milliseconds.'],
    }),
    record('DeleteRequest', 'delete.', { path: 'ustring', version: ['int', '-1 is any.'] }),
    record('DeleteContainerRequest', 'deleteContainer, which servers send to themselves.', { path: 'ustring' }),
    record('ExistsRequest', 'exists.', { path: 'ustring', watch: 'boolean' }),
    record('GetDataRequest', 'getData.', { path: 'ustring', watch: 'boolean' }),
    record('SetDataRequest', 'setData.', { path: 'ustring', data: 'buffer', version: ['int', '-1 is any.'] }),
    record('GetAclRequest', 'getACL.', { path: 'ustring' }),
    record('SetAclRequest', 'setACL.', { path: 'ustring', acl: 'vector<Acl>', version: ['int', 'An aversion; -1 is any.'] }),
    record('GetChildrenRequest', 'getChildren.', { path: 'ustring', watch: 'boolean' }),
    record('GetChildren2Request', 'getChildren2.', { path: 'ustring', watch: 'boolean' }),
    record('GetAllChildrenNumberRequest', 'getAllChildrenNumber.', { path: 'ustring' }),
    record('GetEphemeralsRequest', "getEphemerals: the session's own ephemeral nodes whose path begins so.", {
      prefixPath: 'ustring',
    }),
    record('SyncRequest', 'sync.', { path: 'ustring' }),
    record('CheckVersionRequest', 'check, a part of a multi.', { path: 'ustring', version: ['int', '-1 is any.'] }),
    record('ReconfigRequest', 'reconfig: either joining and leaving servers, or the whole new membership.', {
      joiningServers: 'ustring',
      leavingServers: 'ustring',
      newMembers: 'ustring',
      curConfigId: ['number', 'Version of the configuration that this one replaces; -1 is any.'],
    }),
    record('AddWatchRequest', 'addWatch.', { path: 'ustring', mode: ['int', 'See `AddWatchMode`.'] }),
    record('CheckWatchesRequest', 'checkWatches.', { path: 'ustring', type: ['int', 'See `WatcherType`.'] }),
    record('RemoveWatchesRequest', 'removeWatches.', { path: 'ustring', type: ['int', 'See `WatcherType`.'] }),
    record('SetWatches', 'setWatches: sets the watches of a client again that has reconnected.', {
      relativeZxid: ['number', 'The last zxid that the client saw; later changes are told at once.'],
      dataWatches: 'vector<ustring>',
      existWatches: 'vector<ustring>',
      childWatches: 'vector<ustring>',
    }),
    record('SetWatches2', 'setWatches2: as setWatches, with persistent watches.', {
      relativeZxid: ['number', 'The last zxid that the client saw; later changes are told at once.'],
      dataWatches: 'vector<ustring>',
      existWatches: 'vector<ustring>',
      childWatches: 'vector<ustring>',
      persistentWatches: 'vector<ustring>',
      persistentRecursiveWatches: 'vector<ustring>',
    }),
    record('GetMaxChildrenRequest', 'A leftover of the protocol that no server answers.', { path: 'ustring' }),
    record('SetMaxChildrenRequest', 'A leftover of the protocol that no server answers.', { path: 'ustring', max: 'int' }),
  ],
}
