import { record, type SchemaFile } from './definition.ts'

/** Bodies of replies. */
export const responses: SchemaFile = {
  name: 'response-records',
  about: 'Bodies of replies, after a reply header without an error.',
  records: [
    record('CreateResponse', 'create.', { path: 'ustring' }),
    record('Create2Response', 'create2, createContainer and createTTL.', { path: 'ustring', stat: 'Stat' }),
    record('ExistsResponse', 'exists.', { stat: 'Stat' }),
    record('GetDataResponse', 'getData; also reconfig, with the new configuration as data.', { data: 'buffer', stat: 'Stat' }),
    record('SetDataResponse', 'setData.', { stat: 'Stat' }),
    record('GetAclResponse', 'getACL.', { acl: 'vector<Acl>', stat: 'Stat' }),
    record('SetAclResponse', 'setACL.', { stat: 'Stat' }),
    record('GetChildrenResponse', 'getChildren: names, not paths, in no order.', { children: 'vector<text>' }),
    record('GetChildren2Response', 'getChildren2: names, not paths, in no order.', { children: 'vector<text>', stat: 'Stat' }),
    record('GetAllChildrenNumberResponse', 'getAllChildrenNumber: descendants of any depth.', { totalNumber: 'int' }),
    record('GetEphemeralsResponse', 'getEphemerals: paths, in no order.', { ephemerals: 'vector<text>' }),
    record('SyncResponse', 'sync: the path of the request.', { path: 'ustring' }),
    record('WhoAmIResponse', 'whoAmI.', { clientInfo: 'vector<ClientInfo>' }),
    record('ErrorResponse', 'A part of a multi that failed or was not tried; also the answer to addWatch, with 0.', {
      err: ['int', 'See `ErrorCode`.'],
    }),
    record('GetMaxChildrenResponse', 'A leftover of the protocol that no server sends.', { max: 'int' }),
  ],
}
