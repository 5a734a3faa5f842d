// Every znode is a record of 128 bytes in a page of 4,096 records, outside the collector's sight,
// and is known by its number. The first 68 bytes are the Stat exactly as it goes over the wire,
// so that answering a read copies it. All numbers are big-endian, as on the wire.
//
//    0  czxid  8  mzxid  16 ctime  24 mtime  32 version  36 cversion*  40 aversion
//   44  ephemeralOwner*  52 dataLength  56 numChildren  60 pzxid           (* as clients see it)
//   68  persisted cversion: creations of children only
//   72  ephemeralOwner as stored: containers and TTL nodes have markers here, clients see 0
//   80  ACL id    84 hash of the path    88 path, a slab reference    92 data, a slab reference
//   96  length of the path (16 bits)  98 flags (8 bits)  99 kind (8 bits)
//  100  parent  104 first child  108 next sibling  112 previous sibling  (node numbers, 0: none)
//  116  CRC-32 of path and data: what a change of the Stat alone can go on from
//  120  the node's digest, unsigned; 0 for nodes outside of the tree digest
//  124  CRC-32 of the path alone
//
// This layout is known to this folder and to the pending view only.

export const RECORD_BYTES = 128
export const RECORD_WORDS = 32
export const CZXID = 0
export const MZXID = 8
export const CTIME = 16
export const MTIME = 24
export const VERSION = 32
export const CVERSION = 36
export const AVERSION = 40
export const OWNER = 44
export const DATA_LENGTH = 52
export const CHILD_COUNT = 56
export const PZXID = 60
export const PERSISTED_CVERSION = 68
export const STORED_OWNER = 72
export const ACL_ID = 80
export const PATH_HASH = 84
export const PATH_REF = 88
export const DATA_REF = 92
export const PATH_LENGTH = 96
export const FLAGS = 98
export const KIND = 99
export const PARENT = 100
export const FIRST_CHILD = 104
export const NEXT_SIBLING = 108
export const PREVIOUS_SIBLING = 112
export const CONTENT_CRC = 116
export const DIGEST = 120
export const PATH_CRC = 124

/** Bytes of the wire Stat at the start of a record. */
export const STAT_BYTES = 68

/** The data is null, which is not the same as empty. */
export const FLAG_NULL_DATA = 1
/** Counts in the tree digest: everything but what lies below /zookeeper/. */
export const FLAG_IN_DIGEST = 2
/** In a pending view: the node will be gone. */
export const FLAG_ABSENT = 4
/** The record is one of a pending view, not of the tree. */
export const FLAG_PENDING = 8
/** The record of a pending view has no path of its own but that of the tree's record that it stands for. */
export const FLAG_BORROWED_PATH = 16
/** In a pending view: an ephemeral node that the tree does not have yet. */
export const FLAG_FRESH_EPHEMERAL = 32

export const KIND_PERSISTENT = 0
export const KIND_EPHEMERAL = 1
export const KIND_CONTAINER = 2
export const KIND_TTL = 3
